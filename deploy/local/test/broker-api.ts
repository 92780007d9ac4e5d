/** The little of RabbitMQ's management API that these tests need: they test the broker's process, not a client library. */
export function createBrokerApi(managementUrl: string) {
  const { origin, username, password } = new URL(managementUrl);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

  async function call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${origin}/api${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  return {
    declareQueue: (name: string, vhost = '/') =>
      call('PUT', `/queues/${encodeURIComponent(vhost)}/${name}`, {
        durable: true,
        arguments: { 'x-queue-type': 'quorum' },
      }),
    /** Publishes one persistent message and waits until the broker has routed it. */
    publish: (queue: string, payload: string) =>
      call('POST', '/exchanges/%2F/amq.default/publish', {
        routing_key: queue,
        payload,
        payload_encoding: 'string',
        properties: { delivery_mode: 2 },
      }),
    /** The payloads of up to ten messages, which stay in the queue. */
    async peek(queue: string): Promise<string[]> {
      const options = { count: 10, ackmode: 'ack_requeue_true', encoding: 'auto' };
      const messages = (await call('POST', `/queues/%2F/${queue}/get`, options)) as { payload: string }[];
      return messages.map(({ payload }) => payload);
    },
    policyOf: async (queue: string, vhost: string) =>
      ((await call('GET', `/queues/${encodeURIComponent(vhost)}/${queue}`)) as { policy?: string }).policy,
    vhosts: async () => ((await call('GET', '/vhosts')) as { name: string }[]).map(({ name }) => name),
  };
}
