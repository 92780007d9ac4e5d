import type { ChangeEvent } from '@pipedesk/contracts';
import type { OutboxSource } from '../src/index.ts';

/** An outbox that forgets when the test ends; what is in it is what audit has not stored yet. */
export interface MemoryOutbox extends OutboxSource {
  events: ChangeEvent[];
  /** As a write does: into the outbox, then the relay is told. */
  commit(...events: ChangeEvent[]): void;
  /** As a write does whose process dies before the relay is told. */
  leave(...events: ChangeEvent[]): void;
}

export function createMemoryOutbox(): MemoryOutbox {
  const listeners: ((events: ChangeEvent[]) => void)[] = [];
  const outbox: MemoryOutbox = {
    events: [],
    leave: (...events) => void outbox.events.push(...events),
    commit: (...events) => {
      outbox.leave(...events);
      for (const listener of listeners) listener(events);
    },
    onCommitted: (listener) => void listeners.push(listener),
    pending: async function* (_before, pageSize) {
      const all = outbox.events;
      for (let at = 0; at < all.length; at += pageSize) yield Promise.resolve(all.slice(at, at + pageSize));
    },
    remove: (ids) => {
      const gone = new Set(ids);
      outbox.events = outbox.events.filter(({ id }) => !gone.has(id));
      return Promise.resolve();
    },
    backlog: () => Promise.resolve({ count: outbox.events.length, oldest: null }),
  };
  return outbox;
}
