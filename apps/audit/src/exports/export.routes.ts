import { recordExportQuery } from '@pipedesk/contracts';
import { audited, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import type { ExportService } from './export.service.ts';
import { streamDownload } from './stream-download.ts';

export const exportRoutes = (service: ExportService): Route[] => [
  route({
    method: 'get',
    path: '/audit-logs/export',
    summary:
      'Every captured change that the filters allow, oldest first, as CSV or JSON lines, without a limit',
    permission: 'audit:export',
    stepUp: true,
    audit: audited('audit.access.occurred'),
    query: recordExportQuery,
    response: z.void(),
    handle: async ({ context, query, res }) =>
      streamDownload(res, `audit-logs.${query.format}`, await service.start(context, query)),
  }),
];
