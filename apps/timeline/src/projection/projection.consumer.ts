import { type Consumer, createConsumer } from '@pipedesk/messaging';
import { isDatabaseUnavailable } from '@pipedesk/mongo';
import type { Logger, Registry } from '@pipedesk/service-kit';
import type { ProjectionService } from './projection.service.ts';

interface ProjectionConsumerDeps {
  amqpUrl: string;
  projection: ProjectionService;
  log: Logger;
  metrics: Registry;
}

export function createProjectionConsumer(deps: ProjectionConsumerDeps): Consumer {
  const { amqpUrl, projection, log, metrics } = deps;
  return createConsumer({
    url: amqpUrl,
    queue: 'timeline.events',
    log,
    metrics,
    handle: projection.project,
    isTransient: isDatabaseUnavailable,
  });
}
