import { type ChangeEvent, eventId, eventPrefixes, type Snapshot } from '@pipedesk/contracts';
import type { Rejection } from '@pipedesk/messaging';
import { tenantOf } from '@pipedesk/mongo';
import type { TenantContext } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';

/** A read of the audit log that matters: who asked for what, and how much they were given. */
export interface Access {
  kind: 'list' | 'user' | 'export' | 'report';
  /** What was asked for, as it was asked; secrets have no place in queries. */
  query: Snapshot;
  format?: string;
}

type ExportOutcome = { records: number; status: 'complete' | 'aborted' | 'failed'; lastId: string | null };

export type AccessLog = ReturnType<typeof createAccessLog>;

interface AccessLogDeps {
  /** The ingest of events: what is read about audit is stored, and protected, like everything else. */
  store: (events: ChangeEvent[]) => Promise<Rejection[]>;
  clock: () => Date;
}

/**
 * Leaves a record of reads in the log that they read. No loop can come of it: only requests call this, and storing a
 * record is none. It goes straight into the store, without the broker: a read is answered only once it is on record.
 */
export function createAccessLog({ store, clock }: AccessLogDeps) {
  async function write(
    context: TenantContext,
    id: string,
    version: number,
    states: Pick<ChangeEvent['data'], 'before' | 'after' | 'changes'>,
  ) {
    const rejections = await store([accessEvent(context, { id, version, time: clock(), ...states })]);
    const [rejection] = rejections;
    if (rejection) throw new Error(`the access could not be recorded: ${rejection.reason}`);
  }

  return {
    /** One finished read. @throws what the database throws: without a record there is no answer */
    async record(context: TenantContext, access: Access, records: number): Promise<void> {
      const id = uuidv7();
      await write(context, id, 1, {
        before: null,
        after: stateOf(context, id, access, { records }),
        changes: [],
      });
    },

    /** Begins a read that takes long: it is on record before its first byte leaves, and again with how it ended. */
    async begin(context: TenantContext, access: Access) {
      const id = uuidv7();
      const before = stateOf(context, id, access, { records: 0, status: 'started' });
      await write(context, id, 1, { before: null, after: before, changes: [] });
      return {
        end: (outcome: ExportOutcome) => {
          const after = stateOf(context, id, access, outcome);
          const changes = ['records', 'status'].map((field) => ({
            field,
            before: before[field],
            after: after[field],
          }));
          return write(context, id, 2, { before, after, changes });
        },
      };
    },
  };
}

/** Owned by whoever read, so that scopes apply to these records too. */
function stateOf({ subject }: TenantContext, id: string, access: Access, facts: Snapshot): Snapshot {
  return { id, ...access, ...facts, ownerId: subject.userId, teamId: subject.teamId };
}

function accessEvent(
  context: TenantContext,
  {
    id,
    version,
    time,
    ...states
  }: { id: string; version: number; time: Date } & Pick<ChangeEvent['data'], 'before' | 'after' | 'changes'>,
): ChangeEvent {
  return {
    specversion: '1.0',
    id: eventId('audit_access', id, version),
    type: `${eventPrefixes.audit_access}.occurred`,
    source: `/${context.context.source}`,
    subject: `audit_access/${id}`,
    time: time.toISOString(),
    tenantid: tenantOf(context),
    datacontenttype: 'application/json',
    ...(context.traceparent === undefined ? {} : { traceparent: context.traceparent }),
    data: {
      version,
      action: 'occurred',
      ...states,
      actor: context.actor,
      context: context.context,
      links: [],
    },
  };
}
