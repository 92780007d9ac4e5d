import { bulkBodyOf, bulkResultSchema } from '@pipedesk/contracts';
import { audited, type Route, route } from '@pipedesk/service-kit';
import type { z } from 'zod';
import type { BulkEdits } from './bulk-edits.ts';
import { createBulkService, type EditableInBulk } from './bulk.service.ts';

interface BulkContract<Patch> {
  resource: 'leads' | 'deals';
  event: string;
  patch: z.ZodType<Patch>;
  service: EditableInBulk<Patch>;
  edits: BulkEdits;
}

/** One change for up to 500 records, each on record by itself. */
export function bulkRoute<Patch>({ resource, event, patch, service, edits }: BulkContract<Patch>): Route {
  const bulk = createBulkService(service, edits, resource);
  return route({
    method: 'post',
    path: `/${resource}/bulk`,
    summary: `Change up to 500 ${resource} alike`,
    permission: `${resource}:bulk_edit`,
    audit: audited(`${event}.updated`),
    body: bulkBodyOf(patch),
    response: bulkResultSchema,
    shows: 'outcomes',
    handle: ({ context, body, idempotencyKey }) => bulk.edit(context, body, idempotencyKey),
  });
}
