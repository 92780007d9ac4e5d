import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';

/** `unknown`: a 5xx, a timeout or a lost connection; the write may have happened. */
export type Outcome = 'accepted' | 'refused' | 'unknown';

export interface Attempt {
  requestId: string;
  outcome: Outcome;
  status: number;
  began: number;
  ms: number;
}

export interface Writer {
  attempts: Attempt[];
  /** Base URLs of crm; a scenario may add and take away. */
  urls: string[];
  stop(): Promise<void>;
}

interface WriterOptions {
  url: string;
  authorization: string;
  random: Random;
  clients?: number;
}

const timeout = 8_000;
/** Enough to hurt, little enough that the machine is not what fails. */
const pauseMs = 15;

/** Creates, changes and deletes deals as fast as answers come, some requests wrong on purpose, until it is stopped. */
export function startWriter({ url, authorization, random, clients = 4 }: WriterOptions): Writer {
  const attempts: Attempt[] = [];
  const urls = [url];
  const run = `${Date.now().toString(36)}-${random.between(0, 1e6)}`;
  let isStopped = false;

  async function send(method: string, path: string, body?: unknown, headers = {}): Promise<unknown> {
    const requestId = `chaos-${run}-${attempts.length}`;
    const attempt: Attempt = { requestId, outcome: 'unknown', status: 0, began: Date.now(), ms: 0 };
    attempts.push(attempt);
    try {
      const response = await fetch(random.pick(urls) + path, {
        method,
        headers: { authorization, 'content-type': 'application/json', 'x-request-id': requestId, ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeout),
      });
      attempt.status = response.status;
      attempt.outcome = response.ok ? 'accepted' : response.status < 500 ? 'refused' : 'unknown';
      return response.status === 204 ? undefined : await response.json();
    } catch {
      return undefined;
    } finally {
      attempt.ms = Date.now() - attempt.began;
      if (attempt.outcome === 'unknown') await sleep(100);
    }
  }

  async function client(): Promise<void> {
    const deals: string[] = [];
    for (let count = 0; !isStopped; count++) {
      const deal = deals.length > 0 ? random.pick(deals) : undefined;
      const dice = random.next();
      if (deal === undefined || dice < 0.25) {
        const made = await send('POST', '/deals', { name: `Chaos ${count}` });
        const id = (made as { id?: string } | undefined)?.id;
        if (id !== undefined) deals.push(id);
      } else if (dice < 0.85) {
        // Different each time: a change that changes nothing writes nothing.
        await send('PATCH', `/deals/${deal}`, { name: `Chaos ${count} ${random.next()}` });
      } else if (dice < 0.9) {
        deals.splice(deals.indexOf(deal), 1);
        await send('DELETE', `/deals/${deal}`);
      } else if (dice < 0.95) {
        await send('PATCH', `/deals/${deal}`, { name: 'Too late' }, { 'if-match': '"999999"' });
      } else {
        await send('PATCH', `/deals/${deal}`, { colour: 'red' });
      }
      await sleep(pauseMs);
    }
  }

  const running = Array.from({ length: clients }, client);
  return {
    attempts,
    urls,
    stop: async () => {
      isStopped = true;
      await Promise.all(running);
    },
  };
}
