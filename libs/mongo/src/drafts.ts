import type { Snapshot } from '@pipedesk/contracts';
import type { TenantContext } from '@pipedesk/service-kit';
import type { StoredDocument } from './audited-model.ts';
import { castValues } from './cast-values.ts';
import { changeEvent } from './change-event.ts';
import { diffRecords } from './diff.ts';
import { ownFields, type RecordBase, refuseInternal, toRecord } from './record.ts';
import type { Store } from './repository-definition.ts';
import { tenantOf } from './tenant.ts';

/** A record's own fields, as a service gives them to `create`. */
export type NewRecord<R extends RecordBase> = Omit<R, keyof RecordBase>;

/** Version 1 of a record, ready to be stored: its fields, and its `created` event in its outbox. */
export async function draftDocument<R extends RecordBase>(
  store: Store<R>,
  context: TenantContext,
  fields: NewRecord<R>,
  id: string,
): Promise<StoredDocument> {
  refuseInternal(Object.keys(fields));
  const time = new Date();
  const base = { _id: id, tenantId: tenantOf(context), version: 1, createdAt: time, updatedAt: time };
  const document = await castValues(store.model, { ...fields, ...base });
  const record = toRecord<R>(document);
  const { entityType, linksOf, derive, unique } = store.definition;
  const only = unique?.(record) ?? null;
  const event = changeEvent(context, {
    entityType,
    entityId: id,
    version: 1,
    action: 'created',
    before: null,
    after: record as unknown as Snapshot,
    changes: diffRecords({}, ownFields(record)),
    links: linksOf?.(record) ?? [],
    time,
  });
  const kept = { ...derive?.(record), ...(only !== null && { _unique: only }) };
  return Object.assign(document, kept, { _outbox: [event], _outboxAt: time });
}
