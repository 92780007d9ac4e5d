import { type ChangeEvent, eventId, eventPrefixes, type Snapshot } from '@pipedesk/contracts';
import { diffRecords } from '@pipedesk/mongo';
import { v7 as uuidv7 } from 'uuid';
import { type Chance, createChance } from './chance.ts';
import { type Kind, kinds } from './records.ts';

/** A company that uses the CRM: who works there, from where, and what they work on. */
export interface BenchTenant {
  id: string;
  users: { id: string; name: string; ip: string }[];
  open: OpenRecord[];
}

interface OpenRecord {
  id: string;
  kind: Kind;
  version: number;
  state: Snapshot;
}

interface TrailOptions {
  tenants: number;
  seed?: number;
  /** Time of the first event, ms; each is a minute after the one before. */
  from?: number;
}

const usersPerTenant = 20;
/** Records somebody works on at a time in a tenant: about eight versions each before they are left. */
const openAtOnce = 60;

/** An endless history of tenants that work side by side, with what events of a CRM hold and how often. */
export function createTrail({ tenants, seed = 7, from = Date.UTC(2024, 0, 1) }: TrailOptions) {
  const chance = createChance(seed);
  const all = Array.from({ length: tenants }, () => makeTenant(chance));
  let made = 0;

  function next(): ChangeEvent {
    const tenant = all[made % tenants];
    if (!tenant) throw new RangeError('a trail has at least one tenant');
    const time = new Date(from + made++ * 60_000).toISOString();
    const isNew = tenant.open.length < openAtOnce / 2 || chance.next() < 0.12;
    return isNew ? create(tenant, chance, time) : change(tenant, chance, time);
  }

  return { tenants: all, take: (count: number): ChangeEvent[] => Array.from({ length: count }, next) };
}

function makeTenant(chance: Chance): BenchTenant {
  const users = Array.from({ length: usersPerTenant }, () => ({
    id: uuidv7(),
    name: chance.words(2),
    ip: `198.51.${chance.below(256)}.${chance.below(256)}`,
  }));
  return { id: uuidv7(), users, open: [] };
}

function create(tenant: BenchTenant, chance: Chance, time: string): ChangeEvent {
  const dice = chance.below(100);
  let sum = 0;
  const kind = kinds.find(({ share }) => (sum += share) > dice) ?? kinds[0];
  if (!kind) throw new RangeError('there are no kinds of records');
  const id = uuidv7();
  const owner = tenant.users[chance.below(usersPerTenant)]?.id ?? null;
  const base = { id, version: 1, createdAt: time, updatedAt: time, ownerId: owner, teamId: null };
  const record = { id, kind, version: 1, state: { ...base, ...kind.create(chance) } };
  if (tenant.open.length < openAtOnce) tenant.open.push(record);
  else tenant.open[chance.below(openAtOnce)] = record;
  return eventOf(tenant, chance, record, null, time);
}

function change(tenant: BenchTenant, chance: Chance, time: string): ChangeEvent {
  const record = tenant.open[chance.below(tenant.open.length)];
  if (!record) throw new RangeError('nothing is open');
  const before = record.state;
  record.version++;
  record.state = { ...before, ...record.kind.change(chance), version: record.version, updatedAt: time };
  return eventOf(tenant, chance, record, before, time);
}

function eventOf(
  tenant: BenchTenant,
  chance: Chance,
  { id, kind, version, state }: OpenRecord,
  before: Snapshot | null,
  time: string,
): ChangeEvent {
  const user = tenant.users[chance.below(usersPerTenant)];
  const action = before ? 'updated' : 'created';
  const changes = diffRecords(before ?? {}, state).filter(({ field }) => !bookkeeping.has(field));
  return {
    specversion: '1.0',
    id: eventId(kind.entityType, id, version),
    type: `${eventPrefixes[kind.entityType]}.${action}`,
    source: '/crm',
    subject: `${kind.entityType}/${id}`,
    time,
    tenantid: tenant.id,
    datacontenttype: 'application/json',
    data: {
      version,
      action,
      before,
      after: state,
      changes,
      actor: { type: 'user', id: user?.id ?? '', name: user?.name ?? '', role: 'sales' },
      context: {
        ip: user?.ip ?? null,
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36',
        requestId: uuidv7(),
        apiKeyId: null,
        operationId: null,
        source: 'crm',
      },
      links: [],
    },
  };
}

const bookkeeping = new Set(['id', 'version', 'createdAt', 'updatedAt']);
