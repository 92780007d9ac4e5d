import { refusalReportsBody } from '@pipedesk/contracts';
import { audited, type Route, route, serviceRoute } from '@pipedesk/service-kit';
import { z } from 'zod';
import type { KeepRefusals } from './access-refusal.model.ts';

export const accessRefusalRoutes = (keep: KeepRefusals): Route[] => [
  route({
    method: 'post',
    path: '/internal/refusals',
    summary: 'Hand over whom a service did not believe, added up',
    permission: serviceRoute('they refuse tokens, and auth brings it to audit'),
    audit: audited('auth.access_refusal.created'),
    body: refusalReportsBody,
    response: z.void(),
    status: 204,
    handle: ({ body }) => keep(body.refusals),
  }),
];
