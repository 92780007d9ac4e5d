import { type Row, edge, matrix, gateRow, nobodys, empty } from './reference-row.ts';

const recordRows: Row[] = [
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

const adminRows: Row[] = [
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
  gateRow('GET /audit-logs/retention', 'audit', matrix.admins, 200),
  gateRow('PUT /audit-logs/retention', 'audit', matrix.admins, 400, empty),
  gateRow('POST /audit-logs/holds', 'audit', matrix.admins, 400, empty),
  gateRow('GET /audit-logs/holds', 'audit', matrix.admins, 200),
  gateRow('GET /audit-logs/holds/{id}', 'audit', matrix.admins, 404, {
    path: `/audit-logs/holds/${nobodys}`,
  }),
  gateRow('DELETE /audit-logs/holds/{id}', 'audit', matrix.admins, 404, {
    path: `/audit-logs/holds/${nobodys}`,
  }),
  gateRow('POST /audit-logs/erasures', 'audit', matrix.admins, 400, empty),
  gateRow('GET /audit-logs/erasures/{erasureId}', 'audit', matrix.admins, 404, {
    path: `/audit-logs/erasures/${nobodys}`,
  }),
];

/** The routes of audit. */
export const auditRows: Row[] = [...recordRows, ...adminRows];
