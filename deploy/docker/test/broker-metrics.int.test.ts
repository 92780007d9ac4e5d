import { describe, expect, it } from '@jest/globals';
import { createConsumer } from '@pipedesk/messaging';
import { createLogger, createMetrics } from '@pipedesk/service-kit';
import { z } from 'zod';
import { brokerMetrics } from './broker-metrics.ts';
import { parseYaml } from './monitoring-files.ts';

const { AMQP_URL: amqpUrl = '', AMQP_MANAGEMENT_URL: managementUrl = '' } = process.env;

const listenersSchema = z.object({ listeners: z.array(z.object({ protocol: z.string(), port: z.int() })) });
const scrapesSchema = z.object({
  scrape_configs: z.array(
    z.object({
      job_name: z.string(),
      metrics_path: z.string().default('/metrics'),
      params: z.record(z.string(), z.array(z.string())).default({}),
    }),
  ),
});

async function prometheusPort(): Promise<number> {
  const { origin, username, password } = new URL(managementUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const answer = await fetch(`${origin}/api/overview`, { headers: { authorization } });
  const { listeners } = listenersSchema.parse(await answer.json());
  const listener = listeners.find(({ protocol }) => protocol === 'http/prometheus');
  if (!listener) throw new Error('the broker has no Prometheus plugin');
  return listener.port;
}

const addressOf = (port: number) => `http://${new URL(managementUrl).hostname}:${port}`;

/** What Prometheus would read with the repository's configuration. */
async function scrape(port: number): Promise<string> {
  const { scrape_configs } = scrapesSchema.parse(parseYaml('deploy/prometheus/prometheus.yml'));
  const jobs = scrape_configs.filter(({ job_name }) => job_name.startsWith('rabbitmq'));
  const texts = jobs.map(async ({ metrics_path, params }) => {
    const query = Object.entries(params).flatMap(([name, values]) =>
      values.map((value) => `${name}=${value}`),
    );
    const answer = await fetch(`${addressOf(port)}${metrics_path}?${query.join('&')}`);
    return answer.text();
  });
  return (await Promise.all(texts)).join('\n');
}

const isReachable = (port: number) =>
  fetch(addressOf(port)).then(
    () => true,
    () => false,
  );

async function eventually<T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 20_000; ;) {
    const seen = await look();
    if (holds(seen) || Date.now() > deadline) return seen;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

describe('a real broker', () => {
  it('exposes every series that alerts and dashboards read, per queue where they say so', async () => {
    const consumer = createConsumer({
      url: amqpUrl,
      queue: 'audit.events',
      log: createLogger('test', 'silent'),
      metrics: createMetrics('test'),
      handle: () => Promise.resolve([]),
      isTransient: () => false,
    });
    try {
      const port = await prometheusPort();
      if (!(await isReachable(port))) {
        // A broker in a container has the plugin, which was just asked for, on a port this side may not see.
        console.warn('The port of the Prometheus plugin cannot be reached: its series are not compared.');
        return;
      }
      const perQueue = /^rabbitmq_detailed_queue_consumers\{vhost="[^"]*",queue="audit\.events"\} 1/m;
      const missing = (text: string) =>
        brokerMetrics.filter((name) => !new RegExp(`^${name}(\\{| )`, 'm').test(text));
      const text = await eventually(
        () => scrape(port),
        (seen) => perQueue.test(seen) && missing(seen).length === 0,
      );
      expect(text).toMatch(perQueue);
      expect(missing(text)).toEqual([]);
    } finally {
      await consumer.close();
    }
  });
});
