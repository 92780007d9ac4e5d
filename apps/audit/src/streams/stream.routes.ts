import {
  auditStreamSchema,
  auditStreamsSchema,
  auditStreamTestSchema,
  createAuditStreamBody,
  idParams,
  patchAuditStreamBody,
} from '@pipedesk/contracts';
import { audited, notAudited, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import type { StreamService } from './stream.service.ts';

const ofStreams = { permission: 'audit:stream', stepUp: true } as const;
const reading = notAudited('a page of settings shows nobody’s records');

/** Before `/audit-logs/:id`, which would take `streams` for an id. */
export const streamRoutes = (service: StreamService): Route[] => [
  route({
    ...ofStreams,
    method: 'post',
    path: '/audit-logs/streams',
    summary: 'Sends every record to a webhook from now on; the secret that signs is shown this once',
    audit: audited('audit.stream.created'),
    body: createAuditStreamBody,
    response: auditStreamSchema,
    status: 201,
    handle: ({ context, body, idempotencyKey, res }) => {
      res.set('Cache-Control', 'no-store');
      return service.create(context, body, idempotencyKey);
    },
  }),
  route({
    ...ofStreams,
    method: 'get',
    path: '/audit-logs/streams',
    summary: 'The tenant’s streams, newest first, with how far they have come',
    audit: reading,
    response: auditStreamsSchema,
    handle: ({ context }) => service.list(context),
  }),
  route({
    ...ofStreams,
    method: 'get',
    path: '/audit-logs/streams/:id',
    summary: 'One stream, with how far it has come and what keeps it',
    audit: reading,
    params: idParams,
    response: auditStreamSchema,
    handle: ({ context, params }) => service.get(context, params.id),
  }),
  route({
    ...ofStreams,
    method: 'patch',
    path: '/audit-logs/streams/:id',
    summary: 'Changes, pauses or resumes a stream, or gives it a new secret',
    audit: audited('audit.stream.updated'),
    params: idParams,
    body: patchAuditStreamBody,
    response: auditStreamSchema,
    handle: ({ context, params, body, ifMatch, res }) => {
      res.set('Cache-Control', 'no-store');
      return service.change(context, params.id, body, ifMatch);
    },
  }),
  route({
    ...ofStreams,
    method: 'delete',
    path: '/audit-logs/streams/:id',
    summary: 'Ends a stream',
    audit: audited('audit.stream.deleted'),
    params: idParams,
    response: z.void(),
    status: 204,
    handle: ({ context, params, ifMatch }) => service.remove(context, params.id, ifMatch),
  }),
  route({
    ...ofStreams,
    method: 'post',
    path: '/audit-logs/streams/:id/test',
    summary: 'Sends one event that says it is a test, and tells what the receiver answered',
    audit: notAudited('nothing changes, and nobody’s record is sent'),
    params: idParams,
    response: auditStreamTestSchema,
    handle: ({ context, params }) => service.test(context, params.id),
  }),
];
