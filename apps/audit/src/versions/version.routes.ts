import {
  asOfQuery,
  asOfSchema,
  auditEntityParams,
  versionDiffQuery,
  versionDiffSchema,
} from '@pipedesk/contracts';
import { notAudited, type Route, route } from '@pipedesk/service-kit';
import type { VersionService } from './version.service.ts';

const ofOneRecord = {
  permission: 'audit:read',
  audit: notAudited('the history of a record is read beside the record'),
  params: auditEntityParams,
} as const;

export const versionRoutes = (service: VersionService): Route[] => [
  route({
    ...ofOneRecord,
    method: 'get',
    path: '/audit-logs/entity/:entityType/:entityId/as-of',
    summary: 'A record as it was at a time',
    query: asOfQuery,
    response: asOfSchema,
    handle: ({ context, params, query }) =>
      service.asOf(context, params.entityType, params.entityId, query.at),
  }),
  route({
    ...ofOneRecord,
    method: 'get',
    path: '/audit-logs/entity/:entityType/:entityId/diff',
    summary: 'What differs between two versions of a record',
    query: versionDiffQuery,
    response: versionDiffSchema,
    handle: ({ context, params, query }) => service.diff(context, params.entityType, params.entityId, query),
  }),
];
