import {
  accessTokenSchema,
  apiKeyListQuery,
  apiKeyPage,
  apiKeyTokenBody,
  createApiKeyBody,
  createdApiKeySchema,
  idParams,
} from '@pipedesk/contracts';
import { audited, notAudited, publicRoute, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import { keepOutOfCaches } from '../accounts/account.routes.ts';
import type { ApiKeyService } from './api-key.service.ts';

export const apiKeyRoutes = (service: ApiKeyService): Route[] => [
  route({
    method: 'post',
    path: '/auth/api-keys',
    summary: 'Make a key that may do part of what its owner may; it is shown this once',
    permission: 'api_keys:create',
    stepUp: true,
    audit: audited('auth.api_key.created'),
    body: createApiKeyBody,
    response: createdApiKeySchema,
    status: 201,
    handle: ({ context, body, res }) => {
      keepOutOfCaches(res);
      return service.create(context, body);
    },
  }),
  route({
    method: 'get',
    path: '/auth/api-keys',
    summary: 'API keys, newest first: the own ones, for admins those of the tenant',
    permission: 'api_keys:read',
    audit: notAudited('reads of single pages are not changes'),
    query: apiKeyListQuery,
    response: apiKeyPage,
    handle: ({ context, query }) => service.list(context, query),
  }),
  route({
    method: 'delete',
    path: '/auth/api-keys/:id',
    summary: 'Revoke a key; its tokens are refused everywhere within a second',
    permission: 'api_keys:revoke',
    audit: audited('auth.api_key.deleted'),
    params: idParams,
    response: z.void(),
    status: 204,
    handle: ({ context, params }) => service.revoke(context, params.id),
  }),
  route({
    method: 'post',
    path: '/auth/token',
    summary: 'Exchange an API key for an access token that may do what the key may',
    permission: publicRoute('the key is the proof'),
    audit: notAudited('what the token is used for is audited, with the id of its key'),
    body: apiKeyTokenBody,
    response: accessTokenSchema,
    handle: ({ body, origin, res }) => {
      keepOutOfCaches(res);
      return service.exchange(body.apiKey, origin);
    },
  }),
];
