export const serviceNames = ['auth', 'crm', 'calendar-sync', 'audit', 'timeline'] as const;
export type ServiceName = (typeof serviceNames)[number];
export type ServiceUrls = Record<ServiceName, string>;

/** First path segment -> the service that answers it. What is not here is not reachable, such as `/internal`. */
const bySegment = new Map<string, ServiceName>([
  ['auth', 'auth'],
  ['users', 'auth'],
  ['teams', 'auth'],
  ['invitations', 'auth'],
  ['companies', 'crm'],
  ['leads', 'crm'],
  ['deals', 'crm'],
  ['contacts', 'crm'],
  ['notes', 'crm'],
  ['tasks', 'crm'],
  ['pipelines', 'crm'],
  ['imports', 'crm'],
  ['exports', 'crm'],
  ['search', 'crm'],
  ['webhooks', 'crm'],
  ['calendar', 'calendar-sync'],
  ['emails', 'calendar-sync'],
  ['audit-logs', 'audit'],
]);

const jwksPath = '/.well-known/jwks.json';

const MiB = 1024 * 1024;
const ordinary = { bodyLimit: MiB, timeout: 30_000 };
/** CSV files are large, and crm reads them while it works on them. */
const imports = { bodyLimit: 50 * MiB, timeout: 600_000 };

/** audit answers when it has recomputed everything. */
const verification = { bodyLimit: MiB, timeout: 600_000 };

/** Where a path goes and what may go there: largest body in bytes, longest silence in ms. */
export interface Destination {
  service: ServiceName;
  /** Names the path in metrics without its ids, e.g. `/deals/*`. */
  label: string;
  bodyLimit: number;
  timeout: number;
}

/** The one table of the gateway. @param path without query; undefined when no service answers it */
export function destinationOf(path: string): Destination | undefined {
  if (path === jwksPath) return { service: 'auth', label: jwksPath, ...ordinary };
  const segment = path.split('/', 2)[1] ?? '';
  const service = bySegment.get(segment);
  if (!service) return undefined;
  return { service, label: `/${segment}/*`, ...limitsOf(segment, path) };
}

function limitsOf(segment: string, path: string) {
  if (path === '/audit-logs/verify') return verification;
  return segment === 'imports' ? imports : ordinary;
}

const publicRoutes = new Set([
  'POST /auth/signup',
  'POST /auth/login',
  'POST /auth/login/mfa',
  'GET /auth/google',
  'HEAD /auth/google',
  'GET /auth/google/callback',
  'HEAD /auth/google/callback',
  'POST /auth/google/session',
  'POST /auth/refresh',
  'POST /auth/token',
  'POST /auth/password/reset-request',
  'POST /auth/password/reset',
  'POST /invitations/accept',
  'GET /audit-logs/keys',
  'HEAD /audit-logs/keys',
  `GET ${jwksPath}`,
  `HEAD ${jwksPath}`,
]);

/** True for the few routes that need no token. */
export function isPublic(method: string, path: string): boolean {
  return publicRoutes.has(`${method} ${path}`);
}

/** True for the public routes that are counted as logins and the like; those with Google are GETs, since browsers are sent there. */
export function isLogin(method: string, path: string): boolean {
  return method === 'POST' || path.startsWith('/auth/google');
}
