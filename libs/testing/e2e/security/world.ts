import { type Role, tokenSchema } from '@pipedesk/contracts';
import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { eventually, startSystem, type System } from '../../src/index.ts';
import { type Siem, startSiem } from './siem.ts';
import { type Answer, createWire, type Door, type Sent, type Wire } from './wire.ts';

export const password = 'correct horse battery staple';

/** `mate` shares the team of `sales`, `manager` and `viewer`; `outsider` is in sales in another team. */
export const parts = ['admin', 'manager', 'sales', 'mate', 'outsider', 'viewer'] as const;
export type Part = (typeof parts)[number];

export const recordTypes = [
  'companies',
  'contacts',
  'leads',
  'deals',
  'closedDeals',
  'notes',
  'tasks',
  'events',
  'imports',
] as const;
export type RecordType = (typeof recordTypes)[number];

export interface Member {
  part: Part;
  role: Role;
  id: string;
  email: string;
  token: string;
  tenant: Tenant;
}

export interface Tenant {
  id: string;
  /** A word in every text of the tenant; nobody else must ever see it. */
  canary: string;
  members: Record<Part, Member>;
  /** Ids of records by type and owner. Viewers own none, and imports are the managers' and admins'. */
  records: Record<RecordType, Partial<Record<Part, string>>>;
}

/** The whole system with two tenants that mirror each other. */
export interface World {
  system: System;
  wire: Wire;
  a: Tenant;
  b: Tenant;
  /** Where webhooks may go, and where they must not. */
  siem: Siem;
  /** What the canaries caught: an answer to one tenant with a word of the other. */
  leaks: string[];
  /** How many answers the canaries have looked at. */
  watched(): number;
  close(): Promise<void>;
}

const roleOf: Record<Part, Role> = {
  admin: 'admin',
  manager: 'manager',
  sales: 'sales',
  mate: 'sales',
  outsider: 'sales',
  viewer: 'viewer',
};

export async function createWorld(env: Record<string, string>): Promise<World> {
  const siem = await startSiem();
  const streams = { AUDIT_STREAM_ALLOWED_HOSTS: siem.allowed.host };
  const system = await startSystem({ env: { all: { ...env, ...streams } } });
  const canaries = [0, 1].map(() => `canary${randomBytes(8).toString('hex')}`);
  const leaks: string[] = [];
  let watched = 0;
  const wire = createWire(system, (token, what, text) => {
    watched++;
    const own = canaryOf(token ?? accessTokenIn(text));
    const seen = canaries.filter((canary) => canary !== own && text.includes(canary));
    if (seen.length > 0)
      leaks.push(`${what} shows ${seen.join(' and ')} to ${own ?? 'nobody in particular'}`);
  });
  const [a, b] = await Promise.all(canaries.map((canary) => createTenant(wire, canary)));
  if (!a || !b) throw new Error('two tenants were to be made');
  await Promise.all([a, b].map((tenant) => settled(wire, tenant)));
  const close = async () => {
    wire.close();
    await system.close();
    siem.close();
  };
  return { system, wire, a, b, siem, leaks, watched: () => watched, close };
}

/** Who logs in or signs up has no token yet; the answer brings it. */
function accessTokenIn(text: string): string | undefined {
  return /"accessToken":"([^"]+)"/.exec(text)?.[1];
}

/** Which tenant's canary the bearer of a token may see: it is in the name in their token. */
function canaryOf(token: string | undefined): string | undefined {
  const payload = Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString();
  return /canary[0-9a-f]{16}/.exec(payload)?.[0];
}

/** A tenant of its own, with nobody but its admin. */
export async function signUp(wire: Wire): Promise<string> {
  const email = `${uuidv7()}@example.com`;
  const body = { tenantName: 'Alone', name: 'Alone', email, password };
  const answer = await must(wire, 'auth', 201, { method: 'POST', path: '/auth/signup', body });
  return tokenSchema.parse(answer.body).accessToken;
}

/** The session a token is of. */
export function sessionIn(token: string): string {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(payload) as { sid: string }).sid;
}

async function createTenant(wire: Wire, canary: string): Promise<Tenant> {
  const email = mail(canary, 'admin');
  const body = { tenantName: `Company ${canary}`, name: `admin ${canary}`, email, password };
  const { accessToken, user } = tokenSchema.parse(
    (await must(wire, 'auth', 201, { method: 'POST', path: '/auth/signup', body })).body,
  );
  const tenant = { id: user.tenantId, canary } as Tenant;
  const admin: Member = { part: 'admin', role: 'admin', id: user.id, email, token: accessToken, tenant };
  const [team, otherTeam] = await Promise.all([createTeam(wire, admin), createTeam(wire, admin)]);
  const others = await Promise.all(
    parts
      .filter((part) => part !== 'admin')
      .map((part) => addMember(wire, admin, part, part === 'outsider' ? otherTeam : team)),
  );
  tenant.members = Object.fromEntries(
    [admin, ...others].map((member) => [member.part, member]),
  ) as Tenant['members'];
  tenant.records = Object.fromEntries(recordTypes.map((type) => [type, {}])) as Tenant['records'];
  for (const member of Object.values(tenant.members))
    if (member.role !== 'viewer') await createRecords(wire, member);
  return tenant;
}

async function createTeam(wire: Wire, { token, tenant }: Member): Promise<string> {
  // A few words more: names of teams are unique in their tenant.
  const body = { name: `Team ${uuidv7()} ${tenant.canary}` };
  return (
    (await must(wire, 'auth', 201, { method: 'POST', path: '/teams', token, body })).body as { id: string }
  ).id;
}

async function addMember(wire: Wire, admin: Member, part: Part, teamId: string): Promise<Member> {
  const { canary } = admin.tenant;
  const email = mail(canary, part);
  const body = { name: `${part} ${canary}`, email, password, role: roleOf[part], teamId };
  const { id } = (await must(wire, 'auth', 201, { method: 'POST', path: '/users', token: admin.token, body }))
    .body as { id: string };
  const token = await logIn(wire, email);
  return { part, role: roleOf[part], id, email, token, tenant: admin.tenant };
}

/** A further session. */
export async function logIn(wire: Wire, email: string): Promise<string> {
  const body = { email, password };
  return tokenSchema.parse(
    (await must(wire, 'auth', 200, { method: 'POST', path: '/auth/login', body })).body,
  ).accessToken;
}

/** A record of a type of a member's own; its texts carry the tenant's canary. */
export async function createRecord(wire: Wire, owner: Member, type: RecordType): Promise<string> {
  const { door, status, ...sent } = creations(owner)[type];
  const answer = await must(wire, door, status, { method: 'POST', token: owner.token, ...sent });
  return (answer.body as { id: string }).id;
}

function creations({ tenant: { canary, records }, part }: Member) {
  const deal = { entityType: 'deal', entityId: records.deals[part] };
  const name = `${part}'s ${canary}`;
  const csv = { 'content-type': 'text/csv' };
  return {
    companies: {
      door: 'crm',
      status: 201,
      path: '/companies',
      body: { name, customFields: { remark: canary } },
    },
    contacts: {
      door: 'crm',
      status: 201,
      path: '/contacts',
      body: { name, phones: [{ number: `555 ${canary}` }], customFields: { remark: canary } },
    },
    leads: {
      door: 'crm',
      status: 201,
      path: '/leads',
      body: { name, email: `lead@${canary}.example.com`, phone: `555 ${canary}` },
    },
    deals: { door: 'crm', status: 201, path: '/deals', body: { name, amount } },
    closedDeals: { door: 'crm', status: 201, path: '/deals', body: { name, amount, stage: 'won' } },
    notes: { door: 'crm', status: 201, path: '/notes', body: { ...deal, text: `A note, ${canary}` } },
    tasks: { door: 'crm', status: 201, path: '/tasks', body: { ...deal, title: name, description: canary } },
    events: {
      door: 'calendar-sync',
      status: 201,
      path: '/calendar/events',
      body: { title: name, ...hour, links: [deal] },
    },
    imports: {
      door: 'crm',
      status: 202,
      path: '/imports?type=companies',
      headers: csv,
      body: `name\n${name} imported\n`,
    },
  } as const satisfies Record<RecordType, { door: Door; status: number } & Sent>;
}

const amount = { amount: 77_123_456, currency: 'USD' };
const hour = { startsAt: '2031-03-01T09:00:00.000Z', endsAt: '2031-03-01T10:00:00.000Z' };

async function createRecords(wire: Wire, owner: Member): Promise<void> {
  for (const type of recordTypes) {
    if (type === 'imports' && owner.role === 'sales') continue;
    owner.tenant.records[type][owner.part] = await createRecord(wire, owner, type);
  }
}

/** Audit and timeline know every deal, with the note, the task and the meeting on it. */
async function settled(wire: Wire, { members: { admin }, records }: Tenant): Promise<void> {
  for (const dealId of Object.values(records.deals)) {
    await eventually(async () => {
      const timeline = await must(wire, 'timeline', 200, {
        path: `/timeline/deal/${dealId}`,
        token: admin.token,
      });
      if ((timeline.body as { items: unknown[] }).items.length < 4)
        throw new Error('the timeline is not there yet');
      await must(wire, 'audit', 200, { path: `/audit-logs/deal:${dealId}:1`, token: admin.token });
    }, 30_000);
  }
}

/** @throws Error unless the answer has this status */
export async function must(wire: Wire, door: Door, status: number, sent: Sent): Promise<Answer> {
  const answer = await wire.send(door, sent);
  if (answer.status === status) return answer;
  throw new Error(`${door} ${sent.method ?? 'GET'} ${sent.path} answered ${answer.status}: ${answer.text}`);
}

function mail(canary: string, part: Part): string {
  return `${part}@${canary}.example.com`;
}
