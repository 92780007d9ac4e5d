import type { Connection, Outbox } from '@pipedesk/mongo';
import {
  createOutbound,
  type KeySecret,
  type Logger,
  type Registry,
  type Route,
} from '@pipedesk/service-kit';
import { type Background, startBackground } from '../seals/background.ts';
import { createLease } from '../seals/lease.ts';
import type { SealStore } from '../seals/seal.store.ts';
import { createFileSink } from './file-sink.ts';
import { createStreamCursors } from './stream-cursors.ts';
import { createStreamMetrics } from './stream-metrics.ts';
import { createStreamSender } from './stream-sender.ts';
import { createStreamRepository } from './stream.model.ts';
import { streamRoutes } from './stream.routes.ts';
import { createStreamService } from './stream.service.ts';
import { createWebhook } from './webhook.ts';

export interface StreamingSettings {
  /** Time between rounds, ms. */
  every: number;
  /** A file that takes the records of all tenants. */
  file?: string | undefined;
  /** Hosts, with their port, that webhooks may be at without TLS and wherever they are. */
  allowedHosts: readonly string[];
}

interface StreamingDeps {
  connection: Connection;
  outbox: Outbox;
  seals: SealStore;
  keySecret: KeySecret;
  streaming: StreamingSettings;
  metrics: Registry;
  log: Logger;
  clock: () => Date;
}

export interface Streaming {
  routes: Route[];
  /** A round now, until every stream has taken what it takes. */
  runNow: () => Promise<void>;
  close: () => Promise<void>;
}

const leaseDuration = 60_000;

/** Puts together what sending to SIEMs is made of, and starts it. */
export function startStreaming(deps: StreamingDeps): Streaming {
  const { connection, seals, keySecret, streaming, log, clock } = deps;
  const streams = createStreamRepository(deps);
  const cursors = createStreamCursors(connection);
  const metrics = createStreamMetrics(deps.metrics, async () =>
    cursors.failingLongest((await streams.active()).map(({ id }) => id)),
  );
  const outbound = createOutbound({ allowedHosts: streaming.allowedHosts });
  const webhook = createWebhook(outbound, keySecret, clock);
  const sender = createStreamSender({ streams, cursors, seals, webhook, metrics, log, clock });
  const inBackground = (lease: string, run: () => Promise<void>): Background =>
    startBackground({
      lease: createLease(connection, lease, leaseDuration, clock),
      run,
      log,
      every: streaming.every,
      soonAfter: Infinity,
    });
  const jobs = [inBackground('streams', sender.round)];
  if (streaming.file !== undefined)
    jobs.push(
      inBackground(
        'stream file',
        createFileSink({ connection, path: streaming.file, seals, cursors, metrics, log, clock }).round,
      ),
    );
  return {
    routes: streamRoutes(createStreamService({ streams, cursors, seals, webhook, outbound, clock })),
    async runNow() {
      for (const job of jobs) await job.runNow();
      await sender.settled();
    },
    async close() {
      await sender.close();
      for (const job of jobs) await job.close();
    },
  };
}
