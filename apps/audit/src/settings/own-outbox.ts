import type { ChangeEvent } from '@pipedesk/contracts';
import type { Rejection } from '@pipedesk/messaging';
import { createOutbox, type Outbox } from '@pipedesk/mongo';
import type { Logger } from '@pipedesk/service-kit';

interface OwnOutboxDeps {
  /** The ingest of events. */
  store: (events: ChangeEvent[]) => Promise<Rejection[]>;
  log: Logger;
}

/**
 * Audit's own settings are written like every other record, with their events in them; only the way of the events is short:
 * straight into the ingest, since a change of what is kept must be on record even while the broker is down.
 */
export function createOwnOutbox({ store, log }: OwnOutboxDeps): {
  outbox: Outbox;
  sweep: () => Promise<void>;
} {
  const outbox = createOutbox();

  async function deliver(events: ChangeEvent[]): Promise<void> {
    const rejections = await store(events);
    const refused = new Set(rejections.map(({ event }) => event.id));
    for (const { event, reason } of rejections)
      log.error({ eventId: event.id, reason }, 'audit refuses an event of its own; it stays in its outbox');
    await outbox.remove(events.map(({ id }) => id).filter((id) => !refused.has(id)));
  }

  outbox.onCommitted((events) => {
    deliver(events).catch((error: unknown) => {
      log.warn({ err: error }, 'a change of settings is not in audit yet; the next round stores it');
    });
  });

  return {
    outbox,
    /** Stores what a crash or an outage has left behind. */
    async sweep() {
      for await (const events of outbox.pending(new Date(), 500)) await deliver(events);
    },
  };
}
