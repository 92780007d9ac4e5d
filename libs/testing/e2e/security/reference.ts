import type { Role } from '@pipedesk/contracts';
import type { Door, Sent } from './wire.ts';
import {
  createRecord,
  logIn,
  type Member,
  must,
  password,
  type RecordType,
  sessionIn,
  signUp,
  type World,
} from './world.ts';

/** A: every record of the tenant. T: the team's and one's own. O: one's own. -: never. */
export type Reach = 'A' | 'T' | 'O' | '-';
export const roleOrder = ['viewer', 'sales', 'manager', 'admin'] as const satisfies Role[];
export type Reaches = Record<Role, Reach>;

/** Whose record a request is about. */
export const relations = ['own', 'team', 'other', 'foreign'] as const;
export type Relation = (typeof relations)[number];

/** What of a route is tried: on one record, on a list that shows records or not, or on neither. */
export interface Row {
  /** As in the service's own description, e.g. `GET /deals/{id}`. */
  route: string;
  doors: Door[];
  reaches: Reaches;
  /** The answer when allowed. */
  status: number;
  /** The answer when the role may, but not on this record; 403 unless told. */
  refused?: number;
  /** Who may at all, where that is wider than `reaches`: the record's state decides then. */
  gate?: Reaches;
  /** The answer about another tenant's record, where it is none of 404 and `refused`. */
  foreign?: Partial<Record<Role, number>>;
  /** The record the request is about; without one there is one cell per role. */
  about?: RecordType | 'users';
  /** A list: cells say whether the record is on it. */
  isList?: boolean;
  request(input: RequestInput): Partial<Sent> | Promise<Partial<Sent>>;
}

export interface RequestInput {
  world: World;
  caller: Member;
  /** The record's id, and its owner. */
  id: string;
  owner: Member;
}

/** Routes whose answer does not depend on who asks. */
export interface OpenRow {
  route: string;
  door: Door;
  access: 'public' | 'services';
  /** With an empty body and no token: bad input is looked at, so nobody was asked for a token. */
  status: number;
}

const reach = (viewer: Reach, sales: Reach, manager: Reach, admin: Reach): Reaches => ({
  viewer,
  sales,
  manager,
  admin,
});
const edge = (door: Door): Door[] => [door, 'api-gateway'];

/** The reference's row for each resource, written down apart from the rule table: a change of that one shows here. */
const matrix = {
  read: reach('A', 'T', 'A', 'A'),
  create: reach('-', 'A', 'A', 'A'),
  edit: reach('-', 'O', 'T', 'A'),
  delete: reach('-', '-', 'T', 'A'),
  editNotes: reach('-', 'O', 'O', 'O'),
  deleteNotes: reach('-', 'O', 'T', 'A'),
  imports: reach('-', '-', 'T', 'A'),
  calendarRead: reach('-', 'T', 'A', 'A'),
  auditRead: reach('-', 'O', 'T', 'A'),
  everybody: reach('A', 'A', 'A', 'A'),
  admins: reach('-', '-', '-', 'A'),
};

interface Resource {
  path: string;
  type: RecordType;
  door: Door;
  body: object;
  patch: object;
  read: Reaches;
  edit: Reaches;
  remove: Reaches;
}

/** Create, list, read, change, delete. */
function resourceRows({ path, type, door, body, patch, read, edit, remove }: Resource): Row[] {
  const one = { doors: edge(door), about: type };
  return [
    {
      route: `POST ${path}`,
      doors: edge(door),
      reaches: matrix.create,
      status: 201,
      request: () => ({ body }),
    },
    {
      ...one,
      route: `GET ${path}`,
      reaches: read,
      status: 200,
      isList: true,
      request: () => ({ path: `${path}?limit=100` }),
    },
    {
      ...one,
      route: `GET ${path}/{id}`,
      reaches: read,
      status: 200,
      request: ({ id }) => ({ path: `${path}/${id}` }),
    },
    {
      ...one,
      route: `PATCH ${path}/{id}`,
      reaches: edit,
      status: 200,
      request: ({ id }) => ({ path: `${path}/${id}`, body: patch }),
    },
    {
      ...one,
      route: `DELETE ${path}/{id}`,
      reaches: remove,
      status: 204,
      // A record of its own for each try, or the next would find none.
      request: async ({ world, owner }) => ({
        path: `${path}/${await createRecord(world.wire, owner, type)}`,
      }),
    },
  ];
}

/** Back to an earlier version, and back from deletion. */
function restoreRows(path: string, type: RecordType): Row[] {
  const one = { doors: edge('crm'), about: type, status: 200 };
  return [
    {
      ...one,
      route: `POST ${path}/{id}/restore`,
      reaches: matrix.delete,
      request: async ({ world: { wire }, owner }) => {
        const deleted = `${path}/${await createRecord(wire, owner, type)}`;
        const { token } = owner.tenant.members.admin;
        await must(wire, 'crm', 204, { method: 'DELETE', path: deleted, token });
        return { path: `${deleted}/restore` };
      },
    },
    {
      ...one,
      route: `POST ${path}/{id}/restore-version`,
      reaches: matrix.edit,
      request: ({ id }) => ({ path: `${path}/${id}/restore-version`, body: { version: 1 } }),
    },
  ];
}

const sales = { read: matrix.read, edit: matrix.edit, remove: matrix.delete, door: 'crm' } as const;
const named = { name: 'Fresh' };
const hour = { startsAt: '2031-04-01T09:00:00.000Z', endsAt: '2031-04-01T10:00:00.000Z' };
const aboutDeal = (id: string) => ({ entityType: 'deal', entityId: id });
const csv = { 'content-type': 'text/csv' };

const crmRows: Row[] = [
  ...resourceRows({
    ...sales,
    path: '/companies',
    type: 'companies',
    body: named,
    patch: { industry: 'Shipping' },
  }),
  ...resourceRows({
    ...sales,
    path: '/contacts',
    type: 'contacts',
    body: named,
    patch: { title: 'Head of Seats' },
  }),
  ...resourceRows({ ...sales, path: '/leads', type: 'leads', body: named, patch: { source: 'A fair' } }),
  ...resourceRows({ ...sales, path: '/deals', type: 'deals', body: named, patch: { product: 'Seats' } }),
  ...bulkRows(),
  {
    route: 'POST /leads/{id}/convert',
    doors: edge('crm'),
    about: 'leads',
    reaches: matrix.edit,
    status: 200,
    // A lead of its own for each try, or the next would find it converted.
    request: async ({ world, owner }) => ({
      path: `/leads/${await createRecord(world.wire, owner, 'leads')}/convert`,
      body: {},
    }),
  },
  ...restoreRows('/companies', 'companies'),
  ...restoreRows('/contacts', 'contacts'),
  {
    route: 'POST /contacts/{id}/merge',
    doors: edge('crm'),
    about: 'contacts',
    reaches: matrix.delete,
    status: 200,
    request: async ({ world: { wire }, owner }) => {
      const [survivor, other] = [
        await createRecord(wire, owner, 'contacts'),
        await createRecord(wire, owner, 'contacts'),
      ];
      return { path: `/contacts/${survivor}/merge`, body: { ids: [other] } };
    },
  },
  ...restoreRows('/leads', 'leads'),
  ...restoreRows('/deals', 'deals'),
  {
    route: 'POST /deals/{id}/stage',
    doors: edge('crm'),
    about: 'deals',
    reaches: matrix.edit,
    status: 200,
    request: ({ id }) => ({ path: `/deals/${id}/stage`, body: { stage: 'proposal' } }),
  },
  {
    route: 'PATCH /deals/{id} (closed)',
    doors: edge('crm'),
    about: 'closedDeals',
    reaches: matrix.delete,
    gate: matrix.edit,
    status: 200,
    request: ({ id }) => ({ path: `/deals/${id}`, body: { product: 'Seats' } }),
  },
  ...noteRows(),
  ...resourceRows({
    path: '/tasks',
    type: 'tasks',
    door: 'crm',
    body: { title: 'Fresh' },
    patch: { priority: 'high' },
    read: matrix.read,
    edit: matrix.edit,
    remove: matrix.edit,
  }),
  ...importRows(),
  {
    route: 'GET /internal/activity/{entityType}/{entityId}',
    doors: ['crm', 'calendar-sync', 'audit'],
    about: 'deals',
    reaches: matrix.read,
    status: 200,
    request: ({ id }) => ({ path: `/internal/activity/deal/${id}` }),
  },
];

/** One change for many: what the caller may not edit is refused in its row of the answer, another tenant's as a whole. */
function bulkRows(): Row[] {
  const patches = { leads: { source: 'A fair' }, deals: { product: 'Seats' } };
  return (['leads', 'deals'] as const).map((type) => ({
    route: `POST /${type}/bulk`,
    doors: edge('crm'),
    about: type,
    reaches: matrix.delete,
    status: 200,
    refused: 200,
    foreign: { manager: 404, admin: 404 },
    request: ({ id }) => ({ path: `/${type}/bulk`, body: { ids: [id], patch: patches[type] } }),
  }));
}

/** Notes are read with their record; here that is a deal of the note's author. */
function noteRows(): Row[] {
  const all = resourceRows({
    path: '/notes',
    type: 'notes',
    door: 'crm',
    body: {},
    patch: { text: 'Better so' },
    read: matrix.read,
    edit: matrix.editNotes,
    remove: matrix.deleteNotes,
  });
  const onDeal = { doors: edge('crm'), about: 'deals' as const };
  return [
    {
      ...onDeal,
      route: 'POST /notes',
      reaches: reach('-', 'T', 'A', 'A'),
      status: 201,
      refused: 422,
      request: ({ id }) => ({ path: '/notes', body: { ...aboutDeal(id), text: 'New' } }),
    },
    {
      ...onDeal,
      route: 'GET /notes',
      reaches: matrix.read,
      status: 200,
      request: ({ id }) => ({ path: `/notes?entityType=deal&entityId=${id}` }),
    },
    ...all.filter(({ route }) => route.includes('{id}')),
  ];
}

function importRows(): Row[] {
  const one = { doors: edge('crm'), about: 'imports' as const, reaches: matrix.imports, status: 200 };
  return [
    {
      route: 'POST /imports',
      doors: edge('crm'),
      reaches: matrix.imports,
      status: 202,
      request: () => ({ path: '/imports?type=companies', headers: csv, body: 'name\nFresh import\n' }),
    },
    { ...one, route: 'GET /imports', isList: true, request: () => ({ path: '/imports?limit=100' }) },
    { ...one, route: 'GET /imports/{id}', request: ({ id }) => ({ path: `/imports/${id}` }) },
    { ...one, route: 'GET /imports/{id}/reports', request: ({ id }) => ({ path: `/imports/${id}/reports` }) },
  ];
}

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

const auditRows: Row[] = [
  {
    route: 'GET /audit-logs',
    doors: edge('audit'),
    reaches: matrix.admins,
    status: 200,
    request: () => ({ path: '/audit-logs?limit=100' }),
  },
  {
    route: 'GET /audit-logs/entity/{entityType}/{entityId}',
    doors: edge('audit'),
    about: 'deals',
    reaches: matrix.auditRead,
    status: 200,
    request: ({ id }) => ({ path: `/audit-logs/entity/deal/${id}` }),
  },
  {
    route: 'GET /audit-logs/user/{userId}',
    doors: edge('audit'),
    about: 'users',
    reaches: matrix.auditRead,
    status: 200,
    request: ({ id }) => ({ path: `/audit-logs/user/${id}` }),
  },
  {
    route: 'GET /audit-logs/{id}',
    doors: edge('audit'),
    about: 'deals',
    reaches: matrix.auditRead,
    status: 200,
    request: ({ id }) => ({ path: `/audit-logs/deal:${id}:1` }),
  },
];

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

/** Routes that are about no record here: each role is let in or not, and the first thing then said is the status. */
function gateRow(
  route: string,
  service: Door,
  reaches: Reaches,
  status: number,
  sent: Partial<Sent> = {},
): Row {
  return { route, doors: edge(service), reaches, status, request: () => sent };
}

const nobodys = '019b0000-0000-7000-8000-000000000000';
const empty = { body: {} };
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

const auditAdminRows: Row[] = [
  gateRow('GET /audit-logs/export', 'audit', matrix.admins, 200, { path: '/audit-logs/export?format=csv' }),
  gateRow('GET /audit-logs/report', 'audit', matrix.admins, 200, {
    path: '/audit-logs/report?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z',
  }),
  gateRow('GET /audit-logs/verify', 'audit', matrix.admins, 200),
  gateRow('GET /audit-logs/export/sealed', 'audit', matrix.admins, 200),
  gateRow('GET /audit-logs/{id}/proof', 'audit', matrix.admins, 404, {
    path: `/audit-logs/deal:${nobodys}:1/proof`,
  }),
  gateRow('POST /audit-logs/streams', 'audit', matrix.admins, 400, empty),
  gateRow('GET /audit-logs/streams', 'audit', matrix.admins, 200),
  gateRow('GET /audit-logs/streams/{id}', 'audit', matrix.admins, 404, {
    path: `/audit-logs/streams/${nobodys}`,
  }),
  gateRow('PATCH /audit-logs/streams/{id}', 'audit', matrix.admins, 404, {
    path: `/audit-logs/streams/${nobodys}`,
    body: { name: 'New' },
  }),
  gateRow('DELETE /audit-logs/streams/{id}', 'audit', matrix.admins, 404, {
    path: `/audit-logs/streams/${nobodys}`,
  }),
  gateRow('POST /audit-logs/streams/{id}/test', 'audit', matrix.admins, 404, {
    path: `/audit-logs/streams/${nobodys}/test`,
  }),
  gateRow('POST /audit-logs/erasures', 'audit', matrix.admins, 400, empty),
  gateRow('GET /audit-logs/erasures/{erasureId}', 'audit', matrix.admins, 404, {
    path: `/audit-logs/erasures/${nobodys}`,
  }),
];

export const rows: Row[] = [
  ...authRows,
  ...identityRows,
  ...crmRows,
  ...calendarRows,
  freeBusyRow,
  ...auditRows,
  ...auditAdminRows,
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
