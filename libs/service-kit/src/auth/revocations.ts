import type { ChangeEvent, RevocationSnapshot } from '@pipedesk/contracts';
import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '../http/problem.ts';
import type { Logger } from '../logger.ts';
import type { Caller } from '../request-context.ts';
import { createRevocationList } from './revocation-list.ts';
import { createRightsList } from './rights-list.ts';

/** Asks auth what has been revoked since a time; without one, within the lifetime of a token. */
export type RevocationSource = (since?: string) => Promise<RevocationSnapshot>;

/** What an authenticator asks before it believes a token. */
export interface AccessCheck {
  /**
   * The caller as they are now: a demotion bites although the token says otherwise.
   * @throws ProblemError 401 `session_ended`; 503 `revocations_unavailable` until auth has answered for the first time
   */
  admit(caller: Caller): Promise<Caller>;
}

export interface Revocations extends AccessCheck {
  /** Takes an event of the bus. */
  add(event: ChangeEvent): void;
  /** The bus is there (events come by themselves, auth is asked now and then) or not (auth is asked all the time). */
  setBusConnected(connected: boolean): void;
  close(): void;
}

interface RevocationsOptions {
  source: RevocationSource;
  log: Logger;
  /** Longest a request waits for auth's first answer, ms. */
  patience?: number;
}

/** With these, whatever is revoked is refused within a second, with the bus and without, ms. */
const pace = { cold: 200, withoutBus: 600, withBus: 10_000 };
/** For so long rights beside the role count without any word from auth, ms: who cannot be told of their end must not go on. */
const trustFor = 30_000;
/** An event's time is taken before its write is done: each question reaches back a little, ms. */
const overlap = 10_000;

/**
 * Keeps a list of revocations true: by events as they happen, and by asking auth at the start, after each
 * reconnection of the bus, and regularly in between, for whatever the bus did not bring.
 */
export function createRevocations({ source, log, patience = 3_000 }: RevocationsOptions): Revocations {
  const list = createRevocationList();
  const rights = createRightsList();
  const stop = new AbortController();
  const first = Promise.withResolvers<void>();
  let since: string | undefined;
  let hasBus = false;
  let hurry = new AbortController();
  let isFailing = false;
  /** When auth last answered, and to which connection of the bus: from then on events tell what changes. */
  let answeredAt = 0;
  let connection = 0;
  let answeredOn = 0;

  async function ask(): Promise<void> {
    try {
      const asking = connection;
      const snapshot = await source(since);
      list.addSnapshot(snapshot);
      rights.addSnapshot(snapshot);
      [answeredAt, answeredOn] = [Date.now(), asking];
      if (since === undefined)
        log.info({ revocations: list.size(), rights: rights.size() }, 'revocations and rights known');
      since = new Date(Date.parse(snapshot.asOf) - overlap).toISOString();
      first.resolve();
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'auth cannot be asked for revocations; trying on');
      isFailing = true;
    }
    list.prune();
    rights.prune();
  }

  function pause(): Promise<unknown> {
    const ms = since === undefined ? pace.cold : hasBus ? pace.withBus : pace.withoutBus;
    const signal = AbortSignal.any([stop.signal, hurry.signal]);
    return sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
  }

  async function keepAsking(): Promise<void> {
    while (!stop.signal.aborted) {
      hurry = new AbortController();
      await ask();
      // What made us hurry while the question was under way is not answered by it.
      if (!hurry.signal.aborted) await pause();
    }
  }

  /** Rights beside the role are known to be those of now; else the bare role is all there is. */
  function areRightsCurrent(): boolean {
    return (hasBus && answeredOn === connection) || Date.now() - answeredAt < trustFor;
  }

  void keepAsking();
  return {
    admit: async (caller) => {
      if (since === undefined) await answered(first.promise, patience);
      const admitted = list.admit(caller);
      return areRightsCurrent() ? rights.entitle(admitted) : admitted;
    },
    add: (event) => {
      list.add(event);
      rights.add(event);
    },
    setBusConnected: (connected) => {
      hasBus = connected;
      connection++;
      hurry.abort();
    },
    close: () => {
      stop.abort();
    },
  };
}

async function answered(first: Promise<void>, patience: number): Promise<void> {
  const late = new AbortController();
  const timeout = sleep(patience, true, { signal: late.signal, ref: false }).catch(() => false);
  const isLate = await Promise.race([first.then(() => false), timeout]);
  late.abort();
  if (isLate)
    throw unavailable('revocations_unavailable', {
      detail: 'It is not known which sessions have ended. Try again shortly.',
    });
}
