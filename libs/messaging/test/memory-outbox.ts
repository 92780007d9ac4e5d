import type { ChangeEvent } from '@pipedesk/contracts';
import type { OutboxEntry, OutboxSource } from '../src/index.ts';

/** An outbox that forgets when the test ends; what is in it is what is not confirmed yet. */
export interface MemoryOutbox extends OutboxSource {
  entries: OutboxEntry[];
  /** As a write does: into the outbox, then the relay is told. */
  commit(...events: ChangeEvent[]): void;
  /** As a write does whose process dies before the relay is told. */
  leave(...events: ChangeEvent[]): void;
}

export function createMemoryOutbox(): MemoryOutbox {
  const listeners: ((entries: OutboxEntry[]) => void)[] = [];
  const outbox: MemoryOutbox = {
    entries: [],
    leave: (...events) => void outbox.entries.push(...events.map((event) => ({ store: 'memory', event }))),
    commit: (...events) => {
      outbox.leave(...events);
      for (const listener of listeners) listener(events.map((event) => ({ store: 'memory', event })));
    },
    onCommitted: (listener) => void listeners.push(listener),
    leftovers: (_before, limit) => Promise.resolve(outbox.entries.slice(0, limit)),
    remove: (removed) => {
      const ids = new Set(removed.map(({ event }) => event.id));
      outbox.entries = outbox.entries.filter(({ event }) => !ids.has(event.id));
      return Promise.resolve();
    },
    backlog: () => Promise.resolve({ count: outbox.entries.length, oldest: null }),
  };
  return outbox;
}
