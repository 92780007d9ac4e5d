import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../backing/cache.ts';

const composeFile = join(repositoryRoot, 'docker-compose.yml');
/** The user of deploy/rabbitmq/definitions.json, which the compose file loads. */
const credentials = 'pipedesk:pipedesk';

export type DockerService = 'mongo' | 'rabbitmq';

/**
 * The compose file's database and broker under a project name of their own.
 * @param freePorts publishes on ports Docker picks, so that a second stack can run beside the first
 */
export function createDockerStack(project: string, folder: string, freePorts: boolean) {
  const files = ['-f', composeFile, ...(freePorts ? ['-f', writeFreePorts(folder)] : [])];
  const compose = async (...args: string[]): Promise<string> => {
    const all = ['compose', ...files, '-p', project, ...args];
    return (await promisify(execFile)('docker', all, { cwd: repositoryRoot, maxBuffer: 1e8 })).stdout.trim();
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

function writeFreePorts(folder: string): string {
  const path = join(folder, 'free-ports.yml');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path,
    `services:
  mongo:
    ports: !override ['127.0.0.1::27017']
  rabbitmq:
    ports: !override ['127.0.0.1::5672', '127.0.0.1::15672']
`,
  );
  return path;
}
