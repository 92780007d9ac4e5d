import type { Role } from '@pipedesk/contracts';
import {
  openRows,
  type Reach,
  relations,
  type Relation,
  roleOrder,
  routeOf,
  type Row,
  rows,
} from './reference.ts';
import type { Door } from './wire.ts';
import { type Member, type Part, type RecordType, type Tenant, type World } from './world.ts';

/** One try: what the reference says, and what came back. `null` where the record cannot exist. */
export interface Cell {
  expected: string;
  observed: string;
}

export interface TriedRow {
  row: Row;
  door: Door;
  /** By role, then by relation; one cell where the route is about no record. */
  cells: Record<(typeof roleOrder)[number], (Cell | null)[]>;
}

/** Who asks, for each role. */
const callers = { viewer: 'viewer', sales: 'sales', manager: 'manager', admin: 'admin' } as const;

/** Whose record stands for each relation to a caller. Admins have no team: a colleague's is `team` to them as well. */
function ownerOf(caller: Part, relation: Relation, about: RecordType | 'users'): Part | null {
  if (about === 'imports') return importerOf(caller, relation);
  if (relation === 'own') return caller === 'viewer' && about !== 'users' ? null : caller;
  if (relation === 'team') return caller === 'sales' ? 'mate' : 'sales';
  return 'outsider';
}

/** Only managers and admins import; the other of the two is in no team of theirs. */
function importerOf(caller: Part, relation: Relation): Part | null {
  if (relation === 'foreign') return 'manager';
  if (relation === 'own') return caller === 'admin' || caller === 'manager' ? caller : null;
  return relation === 'other' ? (caller === 'admin' ? 'manager' : 'admin') : null;
}

/** Tries every row of the reference whose route there is through every door, as every role, on every kind of record. */
export async function tryAll(world: World, registered: Set<string>): Promise<TriedRow[]> {
  const tried: TriedRow[] = [];
  for (const row of rows.filter((each) => registered.has(`${each.doors[0]} ${routeOf(each)}`)))
    for (const door of row.doors) tried.push(await tryRow(world, row, door));
  return tried;
}

async function tryRow(world: World, row: Row, door: Door): Promise<TriedRow> {
  const entries = await Promise.all(
    roleOrder.map(async (role) => {
      const caller = world.a.members[callers[role]];
      return [role, await tryAs(world, row, door, caller)] as const;
    }),
  );
  return { row, door, cells: Object.fromEntries(entries) as TriedRow['cells'] };
}

async function tryAs(world: World, row: Row, door: Door, caller: Member): Promise<(Cell | null)[]> {
  const reach = row.reaches[caller.role];
  const { about } = row;
  if (about === undefined) {
    const answer = await tryOnce(world, row, door, caller, caller, '');
    return [{ expected: String(reach === '-' ? 403 : row.status), observed: String(answer.status) }];
  }
  const cells: (Cell | null)[] = [];
  for (const relation of relations) {
    const part = ownerOf(caller.part, relation, about);
    const owner = part && tenantOf(world, relation).members[part];
    const id = owner && idOf(owner, about);
    cells.push(owner && id ? await tryCell(world, row, door, caller, { owner, id, relation, reach }) : null);
  }
  return cells;
}

interface About {
  owner: Member;
  id: string;
  relation: Relation;
  reach: Reach;
}

async function tryCell(world: World, row: Row, door: Door, caller: Member, about: About): Promise<Cell> {
  const answer = await tryOnce(world, row, door, caller, about.owner, about.id);
  if (!row.isList)
    return { expected: String(statusFor(row, caller.role, about)), observed: String(answer.status) };
  if (about.reach === '-') return { expected: '403', observed: String(answer.status) };
  const isListed = JSON.stringify(answer.body).includes(about.id);
  return { expected: mayReach(about) ? 'listed' : 'absent', observed: isListed ? 'listed' : 'absent' };
}

async function tryOnce(world: World, row: Row, door: Door, caller: Member, owner: Member, id: string) {
  const sent = await row.request({ world, caller, id, owner });
  const [method = '', path = ''] = row.route.split(' ');
  return world.wire.send(door, { method, path, token: caller.token, ...sent });
}

/** A role that never may learns nothing; another tenant's record does not exist; 403 is for the own tenant's. */
function statusFor(row: Row, role: Role, about: About): number {
  if ((row.gate ?? row.reaches)[role] === '-') return 403;
  if (about.relation === 'foreign') return row.foreign?.[role] ?? row.refused ?? 404;
  return mayReach(about) ? row.status : (row.refused ?? 403);
}

function mayReach({ reach, relation }: About): boolean {
  if (relation === 'foreign' || reach === '-') return false;
  if (relation === 'own' || reach === 'A') return true;
  return reach === 'T' && relation === 'team';
}

function tenantOf(world: World, relation: Relation): Tenant {
  return relation === 'foreign' ? world.b : world.a;
}

function idOf({ tenant, part, id }: Member, about: RecordType | 'users'): string | undefined {
  return about === 'users' ? id : tenant.records[about][part];
}

/** Every route of every service's own description, e.g. `crm GET /deals/{id}`, with its declared permission. */
export async function registeredRoutes(
  world: World,
  services: Door[],
): Promise<Map<string, RouteDeclaration>> {
  const found = new Map<string, RouteDeclaration>();
  for (const service of services) {
    const { body } = await world.wire.send(service, { path: '/openapi.json' });
    const { paths } = body as { paths: Record<string, Record<string, RouteDeclaration>> };
    for (const [path, methods] of Object.entries(paths))
      for (const [method, declaration] of Object.entries(methods))
        found.set(`${service} ${method.toUpperCase()} ${path}`, declaration);
  }
  return found;
}

export interface RouteDeclaration {
  'x-permission': string;
  'x-shows'?: string;
}

/** The same names, of what the reference knows. */
export function knownRoutes(): Set<string> {
  const own = rows.flatMap((row) => row.doors.map((door) => `${door} ${routeOf(row)}`));
  return new Set([...own, ...openRows.map(({ route, door }) => `${door} ${route}`)]);
}
