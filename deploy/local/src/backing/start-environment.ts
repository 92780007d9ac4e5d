import type { BackingPart, PartOptions } from './part.ts';
import { answersAmqp, answersMongo } from './ready.ts';

/** Takes the servers the environment names. They are not ours, so nothing is stopped later. */
export async function useEnvironment({ needs, report }: PartOptions): Promise<BackingPart> {
  const { MONGODB_URI, AMQP_URL, AMQP_MANAGEMENT_URL } = process.env;
  const part: BackingPart = { stop: () => Promise.resolve() };
  if (needs.includes('mongo') && MONGODB_URI) {
    await check('MONGODB_URI', MONGODB_URI, 'mongodb:', 27017, (host, port) =>
      answersMongo(host, port, 'hello'),
    );
    part.mongodbUri = MONGODB_URI;
  }
  if (needs.includes('amqp') && AMQP_URL) {
    await check('AMQP_URL', AMQP_URL, 'amqp:', 5672, answersAmqp);
    part.amqpUrl = AMQP_URL;
    part.amqpManagementUrl = AMQP_MANAGEMENT_URL;
    if (!AMQP_MANAGEMENT_URL)
      report(
        'AMQP_MANAGEMENT_URL is not set: the policies of deploy/rabbitmq/definitions.json are up to you.',
      );
  }
  return part;
}

/** Asks plain single-host URLs whether someone answers; TLS, SRV records and host lists are left to the drivers. */
async function check(
  variable: string,
  value: string,
  scheme: string,
  defaultPort: number,
  ask: (host: string, port: number) => Promise<boolean>,
): Promise<void> {
  const url = URL.parse(value);
  if (!url || url.protocol !== scheme) return;
  const port = Number(url.port || defaultPort);
  if (await ask(url.hostname, port)) return;
  throw new Error(`${variable} names ${url.hostname}:${port}, but no such server answers there.`);
}
