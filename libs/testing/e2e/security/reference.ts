import { auditRows } from './reference-audit.ts';
import { crmRows, resourceRows, hour } from './reference-crm.ts';
import { type Row, type OpenRow, reach, edge, matrix, gateRow, nobodys, empty } from './reference-row.ts';
import type { Door } from './wire.ts';
import { logIn, password, sessionIn, signUp } from './world.ts';

export * from './reference-row.ts';

const calendarRows: Row[] = resourceRows({
  path: '/calendar/events',
  type: 'events',
  door: 'calendar-sync',
  body: { title: 'Fresh', ...hour },
  patch: { location: 'Room 2' },
  read: matrix.calendarRead,
  edit: matrix.edit,
  remove: matrix.edit,
});

const freeBusyRow: Row = {
  route: 'GET /calendar/freebusy',
  doors: edge('calendar-sync'),
  reaches: matrix.everybody,
  status: 200,
  request: ({ world }) => {
    const { from, to } = { from: hour.startsAt, to: hour.endsAt };
    return { path: `/calendar/freebusy?from=${from}&to=${to}&userIds=${world.b.members.sales.id}` };
  },
};

/** What a record was like, as its audit tells. */
const versionRows = [
  ['as-of', () => `at=${new Date().toISOString()}`],
  ['diff', () => 'from=1&to=2'],
] as const;
for (const [name, query] of versionRows)
  auditRows.push({
    route: `GET /audit-logs/entity/{entityType}/{entityId}/${name}`,
    doors: edge('audit'),
    about: 'deals',
    reaches: matrix.auditRead,
    status: 200,
    request: ({ id }) => ({ path: `/audit-logs/entity/deal/${id}/${name}?${query()}` }),
  });

const timelineRows: Row[] = [
  {
    route: 'GET /timeline/{entityType}/{entityId}',
    doors: edge('timeline'),
    about: 'deals',
    reaches: matrix.read,
    status: 200,
    request: ({ id }) => ({ path: `/timeline/deal/${id}` }),
  },
];

const authRows: Row[] = [
  {
    route: 'POST /users',
    doors: edge('auth'),
    reaches: matrix.admins,
    status: 201,
    request: ({ world }) => ({
      path: '/users',
      body: { name: 'New', email: `${world.a.canary}${Math.random()}@example.com`, password, role: 'viewer' },
    }),
  },
  {
    route: 'GET /users',
    doors: edge('auth'),
    about: 'users',
    reaches: matrix.everybody,
    status: 200,
    isList: true,
    request: () => ({ path: '/users?limit=100' }),
  },
  {
    route: 'GET /users/{id}',
    doors: edge('auth'),
    about: 'users',
    reaches: matrix.everybody,
    status: 200,
    request: ({ id }) => ({ path: `/users/${id}` }),
  },
  {
    route: 'PATCH /users/{id}',
    doors: edge('auth'),
    about: 'users',
    reaches: matrix.admins,
    status: 200,
    request: ({ id, owner }) => ({
      path: `/users/${id}`,
      body: { name: `${owner.part} ${owner.tenant.canary}` },
    }),
  },
  {
    route: 'POST /auth/logout',
    doors: edge('auth'),
    reaches: matrix.everybody,
    status: 204,
    request: async ({ world, caller }) => ({
      path: '/auth/logout',
      token: await logIn(world.wire, caller.email),
    }),
  },
  ...['/auth/me', '/auth/permissions'].map((path) => ({
    route: `GET ${path}`,
    doors: edge('auth'),
    reaches: matrix.everybody,
    status: 200,
    request: () => ({ path }),
  })),
];

const keyHolders = reach('-', 'O', 'O', 'A');
const inviters = reach('-', '-', 'T', 'A');

const identityRows: Row[] = [
  {
    route: 'GET /auth/sessions',
    doors: edge('auth'),
    about: 'users',
    reaches: reach('O', 'O', 'O', 'A'),
    status: 200,
    // Somebody else's are refused without a look at who that is; an admin's list of a stranger's is empty.
    foreign: { viewer: 403, sales: 403, manager: 403, admin: 200 },
    request: ({ id }) => ({ path: `/auth/sessions?userId=${id}` }),
  },
  {
    route: 'DELETE /auth/sessions/{id}',
    doors: edge('auth'),
    about: 'users',
    reaches: reach('O', 'O', 'O', 'A'),
    status: 204,
    refused: 404,
    request: async ({ world, owner }) => ({
      path: `/auth/sessions/${sessionIn(await logIn(world.wire, owner.email))}`,
    }),
  },
  {
    route: 'POST /auth/sessions/revoke-all',
    doors: edge('auth'),
    reaches: matrix.admins,
    status: 204,
    // It ends everybody's sessions: an admin of a tenant without anybody else does it.
    request: async ({ world, caller }) =>
      caller.role === 'admin' ? { token: await signUp(world.wire) } : {},
  },
  gateRow('POST /auth/password', 'auth', matrix.everybody, 400, empty),
  gateRow('POST /auth/mfa', 'auth', matrix.everybody, 400, empty),
  gateRow('POST /auth/mfa/confirm', 'auth', matrix.everybody, 400, empty),
  gateRow('POST /auth/step-up', 'auth', matrix.everybody, 400, empty),
  gateRow('POST /auth/mfa/recovery-codes', 'auth', matrix.everybody, 409),
  gateRow('DELETE /auth/mfa', 'auth', matrix.everybody, 204),
  gateRow('DELETE /auth/google', 'auth', matrix.everybody, 404),
  gateRow('DELETE /users/{id}/mfa', 'auth', matrix.admins, 404, { path: `/users/${nobodys}/mfa` }),
  gateRow('GET /auth/legacy-usage', 'auth', matrix.admins, 200),
  gateRow('POST /auth/api-keys', 'auth', keyHolders, 400, empty),
  gateRow('GET /auth/api-keys', 'auth', keyHolders, 200),
  gateRow('DELETE /auth/api-keys/{id}', 'auth', keyHolders, 404, { path: `/auth/api-keys/${nobodys}` }),
  gateRow('POST /teams', 'auth', matrix.admins, 400, empty),
  gateRow('GET /teams', 'auth', matrix.everybody, 200),
  gateRow('GET /teams/{id}', 'auth', matrix.everybody, 404, { path: `/teams/${nobodys}` }),
  gateRow('PATCH /teams/{id}', 'auth', matrix.admins, 404, {
    path: `/teams/${nobodys}`,
    body: { name: 'New' },
  }),
  gateRow('POST /auth/grants', 'auth', matrix.admins, 400, empty),
  gateRow('GET /auth/grants', 'auth', matrix.admins, 200),
  gateRow('GET /auth/grants/{id}', 'auth', matrix.admins, 404, { path: `/auth/grants/${nobodys}` }),
  gateRow('DELETE /auth/grants/{id}', 'auth', matrix.admins, 404, { path: `/auth/grants/${nobodys}` }),
  {
    route: 'GET /users/{id}/permissions',
    doors: edge('auth'),
    about: 'users',
    reaches: matrix.admins,
    status: 200,
    request: ({ id }) => ({ path: `/users/${id}/permissions` }),
  },
  gateRow('POST /invitations', 'auth', inviters, 400, empty),
  gateRow('GET /invitations', 'auth', inviters, 200),
  gateRow('DELETE /invitations/{id}', 'auth', inviters, 404, { path: `/invitations/${nobodys}` }),
];

export const rows: Row[] = [
  ...authRows,
  ...identityRows,
  ...crmRows,
  ...calendarRows,
  freeBusyRow,
  ...auditRows,
  ...timelineRows,
];

const publicRow = (route: string, door: Door, status: number): OpenRow => ({
  route,
  door,
  access: 'public',
  status,
});

export const openRows: OpenRow[] = [
  publicRow('POST /auth/signup', 'auth', 400),
  publicRow('POST /auth/login', 'auth', 400),
  publicRow('POST /auth/login/mfa', 'auth', 400),
  // Off unless configured, and said without a look at any token.
  publicRow('GET /auth/google', 'auth', 404),
  publicRow('GET /auth/google/callback', 'auth', 404),
  publicRow('POST /auth/google/session', 'auth', 400),
  publicRow('POST /auth/refresh', 'auth', 400),
  publicRow('POST /auth/token', 'auth', 400),
  publicRow('POST /auth/password/reset-request', 'auth', 400),
  publicRow('POST /auth/password/reset', 'auth', 400),
  publicRow('POST /invitations/accept', 'auth', 400),
  publicRow('GET /.well-known/jwks.json', 'auth', 200),
  publicRow('GET /audit-logs/keys', 'audit', 200),
  { route: 'GET /internal/revocations', door: 'auth', access: 'services', status: 401 },
  { route: 'POST /internal/refusals', door: 'auth', access: 'services', status: 401 },
  { route: 'POST /internal/legacy-tokens', door: 'auth', access: 'services', status: 401 },
  { route: 'POST /internal/legacy-uses', door: 'auth', access: 'services', status: 401 },
];

/** `PATCH /deals/{id} (closed)` is a case of `PATCH /deals/{id}`. */
export function routeOf({ route }: { route: string }): string {
  return route.replace(/ \(.*\)$/, '');
}
