import {
  createImportQuery,
  idParams,
  importListQuery,
  importPage,
  importSchema,
  rowReportPage,
  rowReportQuery,
} from '@pipedesk/contracts';
import { audited, notAudited, type Route, route } from '@pipedesk/service-kit';
import type { ImportService } from './import.service.ts';

export const importRoutes = (service: ImportService): Route[] => [
  route({
    method: 'post',
    path: '/imports',
    summary: 'Import a CSV of companies or deals; answers at once, the rows follow in the background',
    permission: 'imports:create',
    audit: audited('crm.import.created', 'crm.import.updated', 'crm.company.created', 'crm.deal.created'),
    query: createImportQuery,
    stream: ['text/csv'],
    response: importSchema,
    status: 202,
    handle: ({ context, query, req, idempotencyKey }) =>
      service.start(context, { ...query, csv: req, idempotencyKey }),
  }),
  route({
    method: 'get',
    path: '/imports',
    summary: 'List imports, newest first',
    permission: 'imports:read',
    audit: notAudited('reads of single pages are not changes'),
    query: importListQuery,
    response: importPage,
    handle: ({ context, query }) => service.list(context, query),
  }),
  route({
    method: 'get',
    path: '/imports/:id',
    summary: 'Progress and outcome of an import',
    permission: 'imports:read',
    audit: notAudited('reads of single records are not changes'),
    params: idParams,
    response: importSchema,
    handle: ({ context, params }) => service.get(context, params.id),
  }),
  route({
    method: 'get',
    path: '/imports/:id/reports',
    summary: 'Rows that were not imported, or need a look, with line and reason',
    permission: 'imports:read',
    audit: notAudited('reads of single pages are not changes'),
    params: idParams,
    query: rowReportQuery,
    response: rowReportPage,
    handle: ({ context, params, query }) => service.reports(context, params.id, query),
  }),
];
