import {
  type EntityType,
  idParams,
  type Permission,
  restoreVersionBody,
  type Shown,
} from '@pipedesk/contracts';
import { audited, onBehalfOf, type Route, route, type TenantContext } from '@pipedesk/service-kit';
import type { z } from 'zod';
import type { WriteOptions } from '../records/owned-records.ts';
import type { AuditClient } from './audit-client.ts';
import { restoredFields } from './restored-fields.ts';

interface RestorableService<Fields> {
  get(context: TenantContext, id: string): Promise<object>;
  restore(context: TenantContext, id: string, options: WriteOptions): Promise<object>;
  restoreFields(
    context: TenantContext,
    id: string,
    options: WriteOptions,
    fields: Partial<Fields>,
  ): Promise<object>;
}

interface RestoreContract<Fields extends object> {
  resource: 'companies' | 'contacts' | 'leads' | 'deals';
  entityType: EntityType & Shown;
  record: z.ZodType;
  /** The fields an earlier version can give back, by today's rules. */
  restorable: z.ZodObject<z.ZodRawShape, z.core.$strict> & z.ZodType<Fields>;
  service: RestorableService<Fields>;
  audit: AuditClient;
}

/** Taking back a deletion, and going back to an earlier version: changes like all others, on record like all others. */
export function restoreRoutes<Fields extends object>({
  resource,
  entityType,
  record,
  restorable,
  service,
  audit,
}: RestoreContract<Fields>): Route[] {
  const onOne = { method: 'post', params: idParams, response: record, shows: entityType } as const;
  return [
    route({
      ...onOne,
      path: `/${resource}/:id/restore`,
      summary: `Bring back one of the ${resource} that was deleted`,
      permission: `${resource}:delete` satisfies Permission,
      audit: audited(`crm.${entityType}.restored`),
      handle: ({ context, params, ifMatch }) => service.restore(context, params.id, { ifMatch }),
    }),
    route({
      ...onOne,
      path: `/${resource}/:id/restore-version`,
      summary: `Take one of the ${resource}, or some of its fields, back to an earlier version`,
      permission: `${resource}:edit` satisfies Permission,
      audit: audited(`crm.${entityType}.updated`),
      body: restoreVersionBody,
      handle: async ({ context, params, body, ifMatch, req, origin }) => {
        // Whether the record is there is crm's to say: audit knows deleted ones too.
        await service.get(context, params.id);
        const version = await audit.versionOf(
          onBehalfOf({ req, origin }),
          entityType,
          params.id,
          body.version,
        );
        const fields = restoredFields(restorable, version, body);
        return service.restoreFields(restoredFrom(context, body.version), params.id, { ifMatch }, fields);
      },
    }),
  ];
}

/** The same context, its change marked as bringing back a version. */
function restoredFrom(context: TenantContext, version: number): TenantContext {
  return { ...context, context: { ...context.context, restoredFrom: version } };
}
