import {
  assignBody,
  bulkAssignBody,
  bulkResultSchema,
  type EntityType,
  idParams,
  type Permission,
  type Shown,
} from '@pipedesk/contracts';
import { audited, onBehalfOf, type Route, route, type TenantContext } from '@pipedesk/service-kit';
import type { z } from 'zod';
import type { BulkEdits } from '../bulk/bulk-edits.ts';
import { createBulkService } from '../bulk/bulk.service.ts';
import type { NewOwner, OwnedRecord, WriteOptions } from '../records/owned-records.ts';
import type { Directory } from './directory.ts';

interface AssignableService {
  get(context: TenantContext, id: string): Promise<OwnedRecord>;
  getMany(context: TenantContext, ids: string[]): Promise<OwnedRecord[]>;
  assign(context: TenantContext, id: string, options: WriteOptions, owner: NewOwner): Promise<OwnedRecord>;
}

interface OwnerContract {
  resource: 'companies' | 'contacts' | 'leads' | 'deals';
  entityType: EntityType & Shown;
  record: z.ZodType;
  service: AssignableService;
  directory: Directory;
}

/** Giving one record to another user, or to nobody. */
export function assignRoute({ resource, entityType, record, service, directory }: OwnerContract): Route {
  return route({
    method: 'post',
    path: `/${resource}/:id/assign`,
    summary: `Give one of the ${resource} to another user, or with null to nobody: it stays with its team`,
    permission: `${resource}:assign` satisfies Permission,
    audit: audited(`crm.${entityType}.updated`),
    params: idParams,
    body: assignBody,
    response: record,
    shows: entityType,
    handle: async ({ context, params, body, ifMatch, req, origin }) => {
      // What is not there is said before anything is said of users.
      await service.get(context, params.id);
      const owner = await directory.ownerBy(
        onBehalfOf({ req, origin }),
        body.ownerId,
        `${resource}:edit` satisfies Permission,
      );
      return service.assign(context, params.id, { ifMatch }, owner);
    },
  });
}

interface BulkOwnerContract extends Omit<OwnerContract, 'record'> {
  resource: 'leads' | 'deals';
  edits: BulkEdits;
}

/** Giving up to 500 records to another user: what somebody leaves behind. Each is on record by itself. */
export function bulkAssignRoute({
  resource,
  entityType,
  service,
  directory,
  edits,
}: BulkOwnerContract): Route {
  const bulk = createBulkService<NewOwner>(
    {
      getMany: service.getMany,
      // Assigning asks for the same permission, and for it on the record as it would be.
      requireBulkEditable: () => undefined,
      change: service.assign,
    },
    edits,
    resource,
  );
  return route({
    method: 'post',
    path: `/${resource}/bulk-assign`,
    summary: `Give up to 500 ${resource} to another user, or with null to nobody`,
    permission: `${resource}:assign` satisfies Permission,
    audit: audited(`crm.${entityType}.updated`),
    body: bulkAssignBody,
    response: bulkResultSchema,
    shows: 'outcomes',
    handle: async ({ context, body: { ids, ownerId }, idempotencyKey, req, origin }) => {
      const needed = `${resource}:edit` satisfies Permission;
      const patch = await directory.ownerBy(onBehalfOf({ req, origin }), ownerId, needed);
      return bulk.edit(context, { ids, patch }, idempotencyKey);
    },
  });
}
