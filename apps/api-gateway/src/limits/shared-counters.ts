import type { Logger, Registry } from '@pipedesk/service-kit';
import { createClient } from '@redis/client';
import { Gauge } from 'prom-client';
import type { Changes, WindowCounter } from './window-counter.ts';

interface ShareOptions {
  /** Redis or Valkey, `redis://` or `rediss://`. */
  url: string;
  /** By name. */
  counters: ReadonlyMap<string, WindowCounter>;
  log: Logger;
  metrics: Registry;
  /** Time between two exchanges, ms. */
  every?: number;
}

/** A server that says nothing for so long is taken for gone, ms. */
const silence = 3_000;

/**
 * Adds up what all gateways count. Requests never wait for it: each process decides by its own counters, hands on what
 * it has added and takes the sums over, several times a second. While the server is away each process counts alone.
 * So n gateways together may let pass a few requests more than the limit, at most what arrives between two exchanges.
 */
export function shareCounters(options: ShareOptions): { close(): void } {
  const { url, counters, log, metrics, every = 200 } = options;
  const connected = new Gauge({
    name: 'pipedesk_rate_limit_store_connected',
    help: '1 while gateways share their rate limits, 0 while each counts alone',
    registers: [metrics],
  });
  connected.set(0);
  const client = createClient({
    url,
    // Nothing of RESP3 is needed, and every server speaks RESP2.
    RESP: 2,
    disableOfflineQueue: true,
    pingInterval: silence / 3,
    socket: {
      connectTimeout: silence,
      socketTimeout: silence,
      reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, 5_000),
    },
  });
  let isAway = false;
  client.on('error', (error: Error) => {
    connected.set(0);
    // One line an outage, not one an attempt.
    if (!isAway) log.warn({ err: error }, 'rate limits are not shared just now: each gateway counts alone');
    isAway = true;
  });
  client.on('ready', () => {
    connected.set(1);
    log.info('rate limits are shared');
    isAway = false;
  });

  async function exchange(name: string, counter: WindowCounter): Promise<void> {
    const changes = counter.takeChanges();
    if (!client.isReady) return;
    await Promise.all(changes.flatMap((each) => sumsOf(name, each, counter)));
  }

  function sumsOf(name: string, { index, counts }: Changes, counter: WindowCounter): Promise<void>[] {
    // A count is of use for the window it was made in and for the next.
    const keepFor = 2 * counter.window;
    return [...counts].map(async ([key, count]) => {
      const shared = `pipedesk:limit:${name}:${index}:${key}`;
      const [total] = await Promise.all([client.incrBy(shared, count), client.pExpire(shared, keepFor)]);
      counter.merge(index, key, total);
    });
  }

  let isBusy = false;
  const timer = setInterval(() => {
    if (isBusy) return;
    isBusy = true;
    const exchanges = [...counters].map(([name, counter]) => exchange(name, counter));
    // What fails is told by the connection's own event.
    void Promise.allSettled(exchanges).then(() => (isBusy = false));
  }, every);
  timer.unref();
  for (const counter of counters.values()) counter.takeChanges();
  void client.connect().catch(() => undefined);
  return {
    close: () => {
      clearInterval(timer);
      client.destroy();
    },
  };
}
