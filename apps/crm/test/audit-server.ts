import type { AuditRecord, ChangeEvent } from '@pipedesk/contracts';
import { refusalOf, type StandIn, startStandIn } from './stand-in.ts';

/** Stands in for audit. */
export interface AuditServer extends StandIn {
  /** Remembers events as audit would have stored them. */
  store(events: ChangeEvent[], more?: Partial<AuditRecord>): void;
}

export async function startAuditServer(): Promise<AuditServer> {
  const standIn = await startStandIn(
    refusalOf('audit:read', 'You have audit:read on your own records only, and this is not one.'),
  );
  return {
    ...standIn,
    store: (events, more) => {
      for (const event of events)
        standIn.documents.set(`/audit-logs/${event.id}`, { ...recordOf(event), ...more });
    },
  };
}

function recordOf({ id, type, subject, time, data }: ChangeEvent): AuditRecord {
  const [entityType, entityId = ''] = subject.split('/');
  return {
    id,
    type,
    entityType: entityType as AuditRecord['entityType'],
    entityId,
    time,
    receivedAt: time,
    ...data,
  };
}
