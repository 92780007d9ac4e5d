import { legacyTokenBody, legacyTokenSchema, legacyUsageSchema, legacyUsesBody } from '@pipedesk/contracts';
import { audited, notAudited, type Route, route, serviceRoute } from '@pipedesk/service-kit';
import { z } from 'zod';
import { keepOutOfCaches } from '../accounts/account.routes.ts';
import type { LegacyService } from './legacy.service.ts';

export const legacyRoutes = (service: LegacyService): Route[] => [
  route({
    method: 'get',
    path: '/auth/legacy-usage',
    summary: 'Who still calls by x-user-role: client and route, how often, when last, and days to the sunset',
    permission: 'legacy:read',
    audit: notAudited('reads of counters are not changes'),
    response: legacyUsageSchema,
    handle: ({ context }) => service.usageOf(context),
  }),
  route({
    method: 'post',
    path: '/internal/legacy-tokens',
    summary: 'A short-lived access token for a listed legacy client',
    permission: serviceRoute('the gateway puts it in place of the headers of a legacy call'),
    audit: audited('auth.legacy_access.created'),
    body: legacyTokenBody,
    response: legacyTokenSchema,
    handle: ({ body, origin, res }) => {
      keepOutOfCaches(res);
      return service.exchange(body, origin);
    },
  }),
  route({
    method: 'post',
    path: '/internal/legacy-uses',
    summary: 'Hand over calls of legacy clients, added up',
    permission: serviceRoute('the gateway counts them'),
    audit: notAudited('counters are not records; what the calls change is audited where it changes'),
    body: legacyUsesBody,
    response: z.void(),
    status: 204,
    handle: ({ body }) => service.count(body.uses),
  }),
];
