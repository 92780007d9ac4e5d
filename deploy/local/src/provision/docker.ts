import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../backing/cache.ts';
import { fixedPorts } from '../backing/ports.ts';

const composeFile = join(repositoryRoot, 'docker-compose.yml');
/** As in deploy/rabbitmq/definitions.json, so that every way to get a broker gives the same. */
const credentials = 'pipedesk:pipedesk';

/** What docker-compose.yml requires. Only the broker's password is used: the other services run outside of Docker here. */
export const composeVariables = {
  RABBITMQ_PASSWORD: 'pipedesk',
  AUTH_KEY_SECRET: 'not used by the backing services',
  AUDIT_KEY_SECRET: 'not used by the backing services',
  SERVICE_SECRET: 'not used by the backing services',
  GRAFANA_ADMIN_PASSWORD: 'not used by the backing services',
};

export type DockerService = 'mongo' | 'rabbitmq';

/**
 * The compose file's database and broker under a project name of their own.
 * @param freePorts publishes on ports Docker picks, so that a second stack can run beside the first; else on those of
 * `npm start`
 */
export function createDockerStack(project: string, folder: string, freePorts: boolean) {
  const files = ['-f', composeFile, '-f', writePorts(folder, freePorts)];
  const env = { ...process.env, ...composeVariables };
  const compose = async (...args: string[]): Promise<string> => {
    const all = ['compose', ...files, '-p', project, ...args];
    const options = { cwd: repositoryRoot, env, maxBuffer: 1e8 };
    return (await promisify(execFile)('docker', all, options)).stdout.trim();
  };
  const addressOf = async (service: DockerService, port: number) =>
    (await compose('port', service, String(port))).replace('0.0.0.0', '127.0.0.1');

  return {
    compose,
    up: (services: DockerService[]) => compose('up', '-d', '--wait', ...services),
    mongodbUri: async () => `mongodb://${await addressOf('mongo', 27017)}/?directConnection=true`,
    amqpUrl: async () => `amqp://${credentials}@${await addressOf('rabbitmq', 5672)}`,
    amqpManagementUrl: async () => `http://${credentials}@${await addressOf('rabbitmq', 15672)}`,
    /** Stops what was started; `withData` also removes containers and volumes. */
    async stop(services: DockerService[], withData: boolean): Promise<void> {
      if (withData) await compose('down', '--volumes');
      else await compose('stop', ...services);
    },
  };
}

export type DockerStack = ReturnType<typeof createDockerStack>;

/** The compose file itself keeps database and broker to its own networks. */
function writePorts(folder: string, freePorts: boolean): string {
  const path = join(folder, 'docker-ports.yml');
  const publish = (fixed: number, port: number) => `'127.0.0.1:${freePorts ? '' : fixed}:${port}'`;
  const mongo = [publish(fixedPorts.mongo, 27017)];
  const rabbitmq = [
    publish(fixedPorts.amqp, 5672),
    publish(fixedPorts.amqpManagement, 15672),
    publish(fixedPorts.amqpPrometheus, 15692),
  ];
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path,
    `services:\n  mongo: { ports: [${mongo.join()}] }\n  rabbitmq: { ports: [${rabbitmq.join()}] }\n`,
  );
  return path;
}
