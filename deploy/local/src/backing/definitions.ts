import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './cache.ts';

interface Definitions {
  policies: { vhost: string; name: string }[];
}

/** The broker's policies, users and virtual hosts as the repository declares them. */
export const definitionsFile = join(repositoryRoot, 'deploy/rabbitmq/definitions.json');

/**
 * Applies the repository's policies to one virtual host; those already there are replaced.
 * @param managementUrl base URL of the management API, credentials included (`http://user:password@host:port`)
 */
export async function importDefinitions(managementUrl: string, vhost: string): Promise<void> {
  const { policies } = JSON.parse(readFileSync(definitionsFile, 'utf8')) as Definitions;
  const withoutHost = policies.map((policy) => ({ ...policy, vhost: undefined }));
  await request(managementUrl, 'POST', `/api/definitions/${encodeURIComponent(vhost)}`, {
    policies: withoutHost,
  });
}

/** Creates a virtual host, with the repository's policies and full rights for the user in the URL. */
export async function createVhost(managementUrl: string, name: string): Promise<void> {
  const vhost = encodeURIComponent(name);
  const user = encodeURIComponent(decodeURIComponent(new URL(managementUrl).username));
  await request(managementUrl, 'PUT', `/api/vhosts/${vhost}`, {});
  await request(managementUrl, 'PUT', `/api/permissions/${vhost}/${user}`, {
    configure: '.*',
    write: '.*',
    read: '.*',
  });
  await importDefinitions(managementUrl, name);
}

/** Deletes a virtual host with its queues and messages, and closes its connections. */
export async function deleteVhost(managementUrl: string, name: string): Promise<void> {
  await request(managementUrl, 'DELETE', `/api/vhosts/${encodeURIComponent(name)}`);
}

/** The AMQP URL of another virtual host of the same broker. */
export function amqpUrlOf(amqpUrl: string, vhost: string): string {
  const url = new URL(amqpUrl);
  url.pathname = `/${encodeURIComponent(vhost)}`;
  return url.href;
}

async function request(managementUrl: string, method: string, path: string, body?: unknown): Promise<void> {
  const { username, password, origin } = new URL(managementUrl);
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString(
    'base64',
  );
  const response = await fetch(origin + path, {
    method,
    // The broker closes idle connections without a word; a reused one may be gone.
    headers: {
      authorization: `Basic ${credentials}`,
      'content-type': 'application/json',
      connection: 'close',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(15_000),
  });
  if (!response.ok) {
    throw new Error(
      `RabbitMQ's management API answered ${method} ${path} with ${response.status}: ${await response.text()}`,
    );
  }
}
