import { changeReportQuery } from '@pipedesk/contracts';
import { audited, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import { streamDownload } from '../exports/stream-download.ts';
import type { ReportService } from './report.service.ts';

export const reportRoutes = (service: ReportService): Route[] => [
  route({
    method: 'get',
    path: '/audit-logs/report',
    summary: 'Who changed what in a range of time, entity by entity and field by field, with counts',
    permission: 'audit:export',
    stepUp: true,
    audit: audited('audit.access.occurred'),
    query: changeReportQuery,
    response: z.void(),
    handle: async ({ context, query, res }) =>
      streamDownload(res, `change-report.${query.format}`, await service.start(context, query)),
  }),
];
