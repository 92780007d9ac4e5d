import { type Reaches, type RequestInput, type Row, reach, edge, matrix } from './reference-row.ts';
import type { Door } from './wire.ts';
import { createRecord, must, type RecordType } from './world.ts';

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
export function resourceRows({ path, type, door, body, patch, read, edit, remove }: Resource): Row[] {
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

const owned = ['companies', 'contacts', 'leads', 'deals'] as const;

/** To the caller, by whom it may be given away. A record of its own for each try, or the next would be about another's. */
function ownerRows(): Row[] {
  const one = { doors: edge('crm'), reaches: matrix.delete, status: 200 };
  return [
    ...owned.map((type) => ({
      ...one,
      route: `POST /${type}/{id}/assign`,
      about: type,
      request: async ({ world, owner, caller }: RequestInput) => ({
        path: `/${type}/${await createRecord(world.wire, owner, type)}/assign`,
        body: { ownerId: caller.id },
      }),
    })),
    ...(['leads', 'deals'] as const).map((type) => ({
      ...one,
      route: `POST /${type}/bulk-assign`,
      about: type,
      refused: 200,
      foreign: { manager: 404, admin: 404 },
      request: async ({ world, owner, caller }: RequestInput) => ({
        path: `/${type}/bulk-assign`,
        body: { ids: [await createRecord(world.wire, owner, type)], ownerId: caller.id },
      }),
    })),
    {
      ...one,
      route: 'POST /leads/{id}/claim',
      about: 'leads',
      reaches: reach('-', 'T', 'A', 'A'),
      request: async ({ world: { wire }, owner }) => {
        const lead = `/leads/${await createRecord(wire, owner, 'leads')}`;
        const { token } = owner.tenant.members.admin;
        const pool = { method: 'POST', path: `${lead}/assign`, body: { ownerId: null }, token };
        await must(wire, 'crm', 200, pool);
        return { path: `${lead}/claim` };
      },
    },
  ];
}

const sales = { read: matrix.read, edit: matrix.edit, remove: matrix.delete, door: 'crm' } as const;
const named = { name: 'Fresh' };
export const hour = { startsAt: '2031-04-01T09:00:00.000Z', endsAt: '2031-04-01T10:00:00.000Z' };
const aboutDeal = (id: string) => ({ entityType: 'deal', entityId: id });
const csv = { 'content-type': 'text/csv' };

export const crmRows: Row[] = [
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
  ...ownerRows(),
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
