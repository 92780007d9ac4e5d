import { idParams, type Page, type Permission, type Shown } from '@pipedesk/contracts';
import {
  audited,
  badRequest,
  notAudited,
  type Route,
  route,
  type RouteInput,
  type TenantContext,
} from '@pipedesk/service-kit';
import { z } from 'zod';
import type { CreateOptions, WriteOptions } from './owned-records.ts';

/** What the five routes of a resource call. */
interface RecordService<New, Patch, Query> {
  create(
    context: TenantContext,
    fields: New,
    idempotencyKey: string | undefined,
    options: CreateOptions,
  ): Promise<object>;
  get(context: TenantContext, id: string): Promise<object>;
  list(context: TenantContext, query: Query): Promise<Page<object>>;
  change(context: TenantContext, id: string, options: WriteOptions, patch: Patch): Promise<object>;
  remove(context: TenantContext, id: string, options: WriteOptions): Promise<void>;
}

interface RecordContract<New, Patch, Query> {
  resource: 'companies' | 'contacts' | 'leads' | 'deals' | 'notes' | 'tasks';
  /** Event prefix, e.g. `crm.deal`. */
  event: string;
  createBody: z.ZodType<New>;
  changeBody: z.ZodType<Patch>;
  listQuery: z.ZodType<Query>;
  record: z.ZodType;
  page: z.ZodType;
  /** Where some roles read these records without some fields. */
  shows?: Shown;
  service: RecordService<New, Patch, Query>;
}

/** Create, read, list, change and soft delete, alike for every resource. */
export function recordRoutes<New, Patch, Query>(contract: RecordContract<New, Patch, Query>): Route[] {
  const { resource, event, service, record, page } = contract;
  const may = (action: 'create' | 'read' | 'edit' | 'delete'): Permission => `${resource}:${action}`;
  const onOne = { path: `/${resource}/:id`, params: idParams };
  const shown = contract.shows === undefined ? {} : { shows: contract.shows };
  return [
    route({
      method: 'post',
      path: `/${resource}`,
      summary: `Create one of the ${resource}`,
      permission: may('create'),
      audit: audited(`${event}.created`),
      body: contract.createBody,
      response: record,
      ...shown,
      status: 201,
      handle: ({ context, body, idempotencyKey, req }) =>
        service.create(context, body, idempotencyKey, { allowDuplicate: readAllowDuplicate(req) }),
    }),
    route({
      method: 'get',
      path: `/${resource}`,
      summary: `List ${resource}, newest first`,
      permission: may('read'),
      audit: notAudited('reads of single pages are not changes'),
      query: contract.listQuery,
      response: page,
      ...shown,
      handle: ({ context, query }) => service.list(context, query),
    }),
    route({
      ...onOne,
      method: 'get',
      summary: `Read one of the ${resource}`,
      permission: may('read'),
      audit: notAudited('reads of single records are not changes'),
      response: record,
      ...shown,
      handle: ({ context, params }) => service.get(context, params.id),
    }),
    route({
      ...onOne,
      method: 'patch',
      summary: `Change one of the ${resource}`,
      permission: may('edit'),
      audit: audited(`${event}.updated`),
      body: contract.changeBody,
      response: record,
      ...shown,
      handle: ({ context, params, body, ifMatch }) => service.change(context, params.id, { ifMatch }, body),
    }),
    route({
      ...onOne,
      method: 'delete',
      summary: `Delete one of the ${resource} (soft)`,
      permission: may('delete'),
      audit: audited(`${event}.deleted`),
      response: z.void(),
      status: 204,
      handle: ({ context, params, ifMatch }) => service.remove(context, params.id, { ifMatch }),
    }),
  ];
}

/** @throws ProblemError 400 when the header says neither true nor false */
function readAllowDuplicate(req: RouteInput<unknown, unknown, unknown>['req']): boolean {
  const header = req.get('x-allow-duplicate') ?? 'false';
  if (header === 'true' || header === 'false') return header === 'true';
  throw badRequest('invalid_allow_duplicate', { detail: 'X-Allow-Duplicate must be true or false.' });
}
