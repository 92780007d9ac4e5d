import { startTcpProxy, type TcpProxy } from '@pipedesk/testing';

/** A faulty wire to the broker, and the URL that leads over it. */
export async function startBrokerProxy(brokerUrl: string): Promise<TcpProxy & { url: string }> {
  const url = new URL(brokerUrl);
  const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port || 5672) });
  url.hostname = '127.0.0.1';
  url.port = String(proxy.port);
  return { ...proxy, url: url.href };
}

/** A broker that accepts connections and never says a word. */
export async function startMuteBroker(brokerUrl: string): Promise<TcpProxy & { url: string }> {
  const proxy = await startBrokerProxy(brokerUrl);
  proxy.freeze();
  return proxy;
}
