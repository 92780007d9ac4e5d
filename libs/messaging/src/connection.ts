import type { Logger } from '@pipedesk/service-kit';
import { type ChannelModel, connect } from 'amqplib';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

const firstDelay = 200;
const longestDelay = 10_000;
const closeTimeout = 2_000;

/** Drops the connection so that everything is built anew; for any anomaly of a channel or consumer. */
export type Drop = (reason: string) => void;

export interface ConnectionOptions {
  url: string;
  /** Shown in RabbitMQ's management page. */
  name: string;
  log: Logger;
  /** Builds channels and consumers on a fresh connection; a rejection drops it and tries again. */
  setup: (model: ChannelModel, drop: Drop) => Promise<void>;
  onLost?: () => void;
}

export interface SupervisedConnection {
  isConnected(): boolean;
  /** Stops reconnecting and closes; never hangs on a dead socket. */
  close(): Promise<void>;
}

/**
 * Keeps one AMQP connection alive with all that is built on it. amqplib's own recovery does not rebuild a channel the
 * broker closed, so here any anomaly ends the connection and `setup` runs again on a new one, with capped, jittered
 * backoff. Nothing is buffered meanwhile: publishers have the outbox, consumers the queue.
 */
export function superviseConnection(options: ConnectionOptions): SupervisedConnection {
  const { log, name } = options;
  const stop = new AbortController();
  let connected = false;
  let current: ChannelModel | undefined;

  async function keepConnected(): Promise<void> {
    let delay = firstDelay;
    while (!stop.signal.aborted) {
      const reason = await useOneConnection(() => (delay = firstDelay));
      if (stop.signal.aborted) return;
      log.warn({ connection: name, reason, retryInMs: delay }, 'broker connection lost');
      await sleep(delay * (0.5 + Math.random()), undefined, { signal: stop.signal }).catch(() => undefined);
      delay = Math.min(delay * 2, longestDelay);
    }
  }

  /** Resolves with the reason when the connection is gone. */
  async function useOneConnection(onReady: () => void): Promise<string> {
    try {
      const model = await open(options.url, name);
      current = model;
      const lost = whenLost(model);
      await Promise.race([options.setup(model, lost.drop), lost.reason.then(rejectWith)]);
      onReady();
      connected = true;
      log.info({ connection: name }, 'broker connected');
      return await lost.reason;
    } catch (error) {
      if (current) destroy(current);
      return error instanceof Error ? error.message : String(error);
    } finally {
      connected = false;
      current = undefined;
      options.onLost?.();
    }
  }

  const running = keepConnected();
  return {
    isConnected: () => connected,
    close: async () => {
      stop.abort();
      if (current) await closeGently(current);
      await Promise.race([running, sleep(closeTimeout, undefined, { ref: false })]);
    },
  };
}

function rejectWith(reason: string): never {
  throw new Error(reason);
}

/** A broker that accepts TCP and stays silent would hang for ever without the socket timeout. */
async function open(url: string, name: string): Promise<ChannelModel> {
  const target = new URL(url);
  if (!target.searchParams.has('heartbeat')) target.searchParams.set('heartbeat', '10');
  const model = await connect(target.href, {
    timeout: 5_000,
    noDelay: true,
    clientProperties: { connection_name: name },
  });
  // Without a listener an 'error' would end the process; 'close' always follows and tells the reason.
  model.on('error', () => undefined);
  return model;
}

function whenLost(model: ChannelModel): { reason: Promise<string>; drop: Drop } {
  const { promise, resolve } = Promise.withResolvers<string>();
  model.on('close', (error) => {
    resolve(error?.message ?? 'connection closed');
  });
  const drop: Drop = (reason) => {
    destroy(model);
    resolve(reason);
  };
  return { reason: promise, drop };
}

/** `close()` never settles when the socket dies meanwhile, so it races a timer. */
async function closeGently(model: ChannelModel): Promise<void> {
  await Promise.race([model.close().catch(() => undefined), sleep(closeTimeout, undefined, { ref: false })]);
  destroy(model);
}

/** Cuts the socket; amqplib does not type it. Without an error amqplib would not notice and go on sending heartbeats. */
function destroy(model: ChannelModel): void {
  const stream: unknown = Reflect.get(model.connection, 'stream');
  if (stream instanceof Duplex) stream.destroy(new Error('connection dropped'));
}
