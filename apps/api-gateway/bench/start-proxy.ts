import { fork } from 'node:child_process';
import { once } from 'node:events';
import { publicKeyPem } from '../test/tokens.ts';
import type { ProxyKind, ProxyUsage, StartProxy } from './proxy-process.ts';

export async function startProxy(kind: ProxyKind, upstreamPort: number) {
  const child = fork(new URL('proxy-process.ts', import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  child.send({ kind, upstreamPort, publicKey: publicKeyPem } satisfies StartProxy);
  const [port] = (await once(child, 'message')) as [number];
  return {
    port,
    /** What it has used since the last question. */
    usage: async (): Promise<ProxyUsage> => {
      child.send('usage');
      const [usage] = (await once(child, 'message')) as [ProxyUsage];
      return usage;
    },
    stop: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}
