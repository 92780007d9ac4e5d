import { fork } from 'node:child_process';
import { once } from 'node:events';
import { publicKeyPem } from '../test/tokens.ts';
import type { ProxyKind, ProxyUsage, StartProxy } from './proxy-process.ts';

/** As in the image: a young generation that may grow with the load costs a hundred MB, and shows in no figure but memory. */
const asInProduction = ['--max-semi-space-size=8', '--max-old-space-size=256'];

export async function startProxy(kind: ProxyKind, upstreamPort: number) {
  const child = fork(new URL('proxy-process.ts', import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: asInProduction,
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
