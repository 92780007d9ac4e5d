import { createDockerStack } from '../provision/docker.ts';
import type { DockerService } from '../provision/docker.ts';
import type { BackingPart, PartOptions } from './part.ts';
import { controlBrokerContainer, controlDatabaseContainer } from './docker-controls.ts';

/** Starts the compose file's containers and waits for their health checks. */
export async function startFromDocker(options: PartOptions): Promise<BackingPart> {
  const { needs, report } = options;
  const stack = createDockerStack(`pipedesk-${options.instance}`, options.folder, options.freePorts);
  const services = needs.map((need): DockerService => (need === 'mongo' ? 'mongo' : 'rabbitmq'));
  report(`Starting ${services.join(' and ')} with Docker (the first time pulls the images)`);
  await stack.up(services);
  const part: BackingPart = { stop: () => stack.stop(services, options.ephemeral) };
  if (needs.includes('mongo')) {
    part.mongodbUri = await stack.mongodbUri();
    part.database = controlDatabaseContainer(stack);
  }
  if (needs.includes('amqp')) {
    part.amqpUrl = await stack.amqpUrl();
    part.amqpManagementUrl = await stack.amqpManagementUrl();
    part.broker = controlBrokerContainer(stack);
  }
  return part;
}
