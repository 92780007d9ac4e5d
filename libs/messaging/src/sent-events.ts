import type { ChangeEvent } from '@pipedesk/contracts';

/** `send`: now. `wait`: not now. `if-idle`: only if audit has nothing left to do, so that it must have been lost. */
export type Verdict = 'send' | 'wait' | 'if-idle';

/** What a process remembers of events it has sent that are not settled. */
export interface SentEvents {
  verdictOn(event: ChangeEvent): Verdict;
  confirmed(event: ChangeEvent): void;
  rejected(id: string): void;
  forget(ids: string[]): void;
}

interface Memory {
  eventTime: number;
  sentAt: number;
  times: number;
  isRejected: boolean;
}

interface SentEventsOptions {
  /** ms until an event that is not settled may be sent again; doubles with each time. */
  resendAfter: number;
  clock: () => number;
  limit?: number;
}

const longestPause = 60 * 60_000;

/**
 * Keeps repeats rare without a write per event: an outage of audit leaves events in the outboxes that are in audit's queue
 * already. Memory is bounded; the oldest is forgotten first, and whatever is as old as that then counts as sent.
 */
export function createSentEvents({ resendAfter, clock, limit = 50_000 }: SentEventsOptions): SentEvents {
  const memories = new Map<string, Memory>();
  let forgottenUntil = -Infinity;

  function remember(id: string, memory: Memory): void {
    memories.delete(id);
    memories.set(id, memory);
    if (memories.size <= limit) return;
    const [oldest] = memories;
    if (!oldest) return;
    memories.delete(oldest[0]);
    forgottenUntil = Math.max(forgottenUntil, oldest[1].eventTime);
  }

  return {
    verdictOn(event) {
      const memory = memories.get(event.id);
      if (!memory) return Date.parse(event.time) <= forgottenUntil ? 'if-idle' : 'send';
      if (memory.isRejected) return 'wait';
      const pause = Math.min(resendAfter * 2 ** (memory.times - 1), longestPause);
      return clock() - memory.sentAt < pause ? 'wait' : 'if-idle';
    },
    confirmed(event) {
      const times = (memories.get(event.id)?.times ?? 0) + 1;
      const eventTime = Date.parse(event.time);
      remember(event.id, { eventTime, sentAt: clock(), times, isRejected: false });
    },
    /** Somebody must repair something first; its dead letter is put back then, and nothing here is repeated. */
    rejected(id) {
      const { eventTime = -Infinity, times = 1 } = memories.get(id) ?? {};
      remember(id, { eventTime, sentAt: clock(), times, isRejected: true });
    },
    forget(ids) {
      for (const id of ids) memories.delete(id);
    },
  };
}
