import { feedRevocations } from '@pipedesk/messaging';
import {
  audited,
  createAuthenticator,
  createLogger,
  createMetrics,
  createRevocations,
  createServiceApp,
  listen,
  notAudited,
  remoteKeys,
  remoteRevocations,
  route,
} from '@pipedesk/service-kit';
import { amqpUrlOf } from '@pipedesk/local';
import { z } from 'zod';
import {
  type Answer,
  audience,
  type Auth,
  given,
  issuer,
  request,
  type RequestOptions,
  serviceSecret,
} from './start-auth.ts';

const roleSchema = z.object({
  role: z.string(),
  apiKeyId: z.string().nullable(),
  actor: z.string(),
  teamIds: z.array(z.string()),
});

const routes = [
  route({
    method: 'get',
    path: '/own',
    summary: 'What every role may',
    permission: 'profile:read',
    audit: notAudited('a route of a test'),
    response: roleSchema,
    handle: ({ caller, context }) => ({
      role: caller.role,
      apiKeyId: context.context.apiKeyId,
      actor: context.actor.type,
      teamIds: [...(caller.teamIds ?? [])],
    }),
  }),
  route({
    method: 'get',
    path: '/imports',
    summary: 'What can be granted',
    permission: 'imports:read',
    audit: notAudited('a route of a test'),
    response: z.object({ rule: z.string() }),
    handle: ({ context }) => ({ rule: context.context.authority?.rule ?? 'none' }),
  }),
  route({
    method: 'post',
    path: '/admins',
    summary: 'What admins alone may',
    permission: 'users:manage',
    audit: audited('a.test'),
    response: z.void(),
    status: 204,
    handle: () => undefined,
  }),
];

export interface GuardedService {
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>;
  stop(): Promise<void>;
}

/** A service beside auth: it knows keys over HTTP and revocations from bus and HTTP, wired as in every main.ts. */
export async function startGuardedService(
  auth: Pick<Auth, 'url' | 'vhost'>,
  { withBus = true } = {},
): Promise<GuardedService> {
  const service = 'guarded';
  const log = createLogger(service, 'silent');
  const jwksUrl = `${auth.url}/.well-known/jwks.json`;
  const source = remoteRevocations({ jwksUrl, secret: serviceSecret, service });
  const revocations = createRevocations({ source, log });
  const url = amqpUrlOf(given('AMQP_URL'), auth.vhost);
  const feed = withBus ? feedRevocations({ url, service, log, revocations }) : undefined;
  const app = createServiceApp({
    service,
    log,
    metrics: createMetrics(service),
    routes,
    authenticate: createAuthenticator({ keys: remoteKeys({ url: jwksUrl }), issuer, audience, revocations }),
    trustedProxies: 'none',
    checks: {},
    isShuttingDown: () => false,
  });
  const http = await listen(app, '127.0.0.1', 0);
  return {
    request: (method, path, options = {}) => request(`http://127.0.0.1:${http.port}${path}`, method, options),
    stop: async () => {
      await http.close();
      revocations.close();
      await feed?.close();
    },
  };
}
