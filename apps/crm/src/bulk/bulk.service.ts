import type { BulkItem, BulkResult } from '@pipedesk/contracts';
import { failpoint, notFound, ProblemError, type TenantContext, withOperation } from '@pipedesk/service-kit';
import type { OwnedRecord, WriteOptions } from '../records/owned-records.ts';
import type { BulkEdits } from './bulk-edits.ts';

/** The part of a record service that a bulk edit goes through: the rules are those of single changes. */
export interface EditableInBulk<Patch> {
  /** Those of the records that are there. */
  getMany(context: TenantContext, ids: string[]): Promise<OwnedRecord[]>;
  /** @throws ProblemError 403 when the caller may not edit this record in bulk */
  requireBulkEditable(context: TenantContext, record: OwnedRecord): void;
  change(context: TenantContext, id: string, options: WriteOptions, patch: Patch): Promise<OwnedRecord>;
}

interface BulkRequest<Patch> {
  ids: string[];
  patch: Patch;
}

/** Records that are changed at the same time. */
const atOnce = 8;

export function createBulkService<Patch>(service: EditableInBulk<Patch>, edits: BulkEdits, resource: string) {
  /** @throws ProblemError 404 naming what is not there, before anything has changed */
  async function load(context: TenantContext, ids: string[]): Promise<Map<string, OwnedRecord>> {
    const records = new Map((await service.getMany(context, ids)).map((record) => [record.id, record]));
    const missing = ids.filter((id) => !records.has(id));
    if (missing.length === 0) return records;
    throw notFound('records_not_found', {
      detail: `Nothing was changed: there are no ${resource} with ${missing.length} of these ids.`,
      extra: { ids: missing },
    });
  }

  async function changeOne(context: TenantContext, record: OwnedRecord, patch: Patch): Promise<BulkItem> {
    const { id } = record;
    try {
      service.requireBulkEditable(context, record);
      const { version } = await service.change(context, id, { ifMatch: undefined }, patch);
      failpoint('bulk.after-change');
      return { id, outcome: version === record.version ? 'unchanged' : 'changed', version };
    } catch (error) {
      // An outage is no verdict on this record: the whole is answered with it, and can be repeated.
      if (!(error instanceof ProblemError) || error.status >= 500) throw error;
      return { id, outcome: 'refused', code: error.code };
    }
  }

  return {
    /**
     * Changes each record by itself, under one operation. Repeated with the same Idempotency-Key it goes on where it
     * was cut off, and says of each record what became of it the first time.
     */
    edit: async (
      context: TenantContext,
      { ids, patch }: BulkRequest<Patch>,
      key: string | undefined,
    ): Promise<BulkResult> => {
      const edit = await edits.begin(context, { resource, ids, patch }, key);
      const { operationId, settled } = edit;
      const known = new Map(settled.map((item) => [item.id, item]));
      const open = ids.filter((id) => !known.has(id));
      const records = await load(context, open);
      const acting = withOperation(context, operationId);
      for (let first = 0; first < open.length; first += atOnce) {
        const some = open.slice(first, first + atOnce).flatMap((id) => records.get(id) ?? []);
        const items = await Promise.all(some.map((record) => changeOne(acting, record, patch)));
        await edit.settle(items);
        for (const item of items) known.set(item.id, item);
      }
      return { operationId, items: ids.flatMap((id) => known.get(id) ?? []) };
    },
  };
}
