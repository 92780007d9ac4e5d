import { type ChangeEvent, eventId, eventPrefixes, type Snapshot } from '@pipedesk/contracts';
import type { Rejection } from '@pipedesk/messaging';
import { tenantOf } from '@pipedesk/mongo';
import type { TenantContext } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import type { IngestService } from '../ingest/ingest.service.ts';

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
  /** What is read about audit is stored, and protected, like everything else. */
  ingest: Pick<IngestService, 'announce' | 'store'>;
  clock: () => Date;
}

/**
 * Leaves a record of reads in the log that they read. No loop can come of it: only requests call this, and storing a
 * record is none. It goes straight into the store, without the broker: a read is answered only once it is on record.
 */
export function createAccessLog({ ingest, clock }: AccessLogDeps) {
  async function announce(context: TenantContext, id: string) {
    const store = await ingest.announce(tenantOf(context), accessId(id, 1));
    return async (after: Snapshot) => {
      const states = { before: null, after, changes: [] };
      requireStored(await store(accessEvent(context, { id, version: 1, time: clock(), ...states })));
    };
  }

  return {
    /**
     * One read that is answered as a whole, and how many records it found. It is announced while it goes on.
     * @throws what `read` does, and what the database throws: without a record there is no answer
     */
    async record<T>(
      context: TenantContext,
      access: Access,
      read: () => Promise<T>,
      countOf: (found: T) => number,
    ): Promise<T> {
      const id = uuidv7();
      const [found, store] = await Promise.all([read(), announce(context, id)]);
      await store(stateOf(context, id, access, { records: countOf(found) }));
      return found;
    },

    /** Begins a read that takes long: it is on record before its first byte leaves, and again with how it ended. */
    async begin(context: TenantContext, access: Access) {
      const id = uuidv7();
      const before = stateOf(context, id, access, { records: 0, status: 'started' });
      const store = await announce(context, id);
      await store(before);
      return {
        end: async (outcome: ExportOutcome) => {
          const after = stateOf(context, id, access, outcome);
          const changes = ['records', 'status'].map((field) => ({
            field,
            before: before[field],
            after: after[field],
          }));
          const event = accessEvent(context, { id, version: 2, time: clock(), before, after, changes });
          requireStored(await ingest.store([event]));
        },
      };
    },
  };
}

function requireStored([rejection]: Rejection[]): void {
  if (rejection) throw new Error(`the access could not be recorded: ${rejection.reason}`);
}

function accessId(id: string, version: number): string {
  return eventId('audit_access', id, version);
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
    id: accessId(id, version),
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
