import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';
import { type RecordKind, recordKinds } from './record-kinds.ts';

/** `unknown`: a 5xx, a timeout or a lost connection; the write may have happened. */
export type Outcome = 'accepted' | 'refused' | 'unknown';

/** When something was sent and how long its answer took, ms. */
export interface Timed {
  began: number;
  ms: number;
}

export interface Attempt extends Timed {
  requestId: string;
  outcome: Outcome;
  /** Wrong on purpose: it must be refused. */
  isWrong: boolean;
  status: number;
}

export interface Writer {
  attempts: Attempt[];
  /** Requests that need neither database nor broker, at the same time: how slow the machine itself is. */
  probes: Timed[];
  /** Base URLs of crm; a scenario may add and take away. */
  urls: string[];
  stop(): Promise<void>;
}

/** A record that a client has made. */
interface Known {
  kind: RecordKind;
  path: string;
}

interface Request {
  method: string;
  path: string;
  body?: object;
  headers?: Record<string, string>;
  isWrong?: boolean;
}

interface WriterOptions {
  url: string;
  authorization: string;
  random: Random;
  clients?: number;
}

const timeout = 8_000;
/** Enough to hurt, little enough that the machine is not what fails. */
const pauseMs = 25;
const probeEvery = 50;

/** Creates, changes and deletes deals and leads as fast as answers come, some requests wrong on purpose, until it is stopped. */
export function startWriter({ url, authorization, random, clients = 4 }: WriterOptions): Writer {
  const attempts: Attempt[] = [];
  const probes: Timed[] = [];
  const urls = [url];
  const run = `${Date.now().toString(36)}-${random.between(0, 1e6)}`;
  let isStopped = false;

  async function send({ method, path, body, headers, isWrong = false }: Request): Promise<unknown> {
    const requestId = `chaos-${run}-${attempts.length}`;
    const attempt: Attempt = { requestId, outcome: 'unknown', isWrong, status: 0, began: Date.now(), ms: 0 };
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

  async function create(kind: RecordKind): Promise<Known | undefined> {
    const path = `/${kind.collection}`;
    const made = await send({ method: 'POST', path, body: kind.draft(random) });
    const { id } = (made ?? {}) as { id?: string };
    return id === undefined ? undefined : { kind, path: `${path}/${id}` };
  }

  async function change({ kind, path }: Known): Promise<void> {
    const dice = random.next();
    const patch = { method: 'PATCH', path, body: kind.change(random) };
    if (dice < 0.88) await send(patch);
    else if (dice < 0.94) await send({ ...patch, headers: { 'if-match': '"999999"' }, isWrong: true });
    else await send({ ...patch, body: { colour: 'red' }, isWrong: true });
  }

  async function client(): Promise<void> {
    const records: Known[] = [];
    while (!isStopped) {
      const dice = random.next();
      const record = records.length > 0 ? random.pick(records) : undefined;
      if (record === undefined || dice < 0.25) {
        const made = await create(random.pick(recordKinds));
        if (made) records.push(made);
      } else if (dice < 0.3) {
        records.splice(records.indexOf(record), 1);
        await send({ method: 'DELETE', path: record.path });
      } else {
        await change(record);
      }
      await sleep(pauseMs);
    }
  }

  async function probe(): Promise<void> {
    while (!isStopped) {
      const began = Date.now();
      const signal = AbortSignal.timeout(timeout);
      const response = await fetch(`${url}/health/live`, { signal }).catch(() => undefined);
      await response?.arrayBuffer().catch(() => undefined);
      if (response?.ok) probes.push({ began, ms: Date.now() - began });
      await sleep(probeEvery);
    }
  }

  const running = [probe(), ...Array.from({ length: clients }, client)];
  return {
    attempts,
    probes,
    urls,
    stop: async () => {
      isStopped = true;
      await Promise.all(running);
    },
  };
}
