import { recordExportQuery } from '@pipedesk/contracts';
import { audited, type Route, route } from '@pipedesk/service-kit';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { type ExportService, isReaderGone } from './export.service.ts';

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
    handle: async ({ context, query, res }) => {
      const { contentType, chunks } = await service.start(context, query);
      res.set({
        'Content-Type': contentType,
        'Content-Disposition': `attachment; filename="audit-logs.${query.format}"`,
        'Cache-Control': 'no-store',
      });
      // One piece at a time: each is some hundred KB, and what waits in streams is memory.
      const source = Readable.from(chunks, { objectMode: true, highWaterMark: 1 });
      await pipeline(source, res).catch((error: unknown) => {
        if (!isReaderGone(error)) throw error;
      });
    },
  }),
];
