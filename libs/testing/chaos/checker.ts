import { isDeepStrictEqual } from 'node:util';
import type { ChaosStack } from './stack.ts';
import type { Attempt } from './writer.ts';

interface StoredDeal {
  _id: string;
  version: number;
  name: string;
  stage: string;
  deletedAt: Date | null;
}

interface StoredLog {
  _id: string;
  entityId: string;
  version: number;
  action: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  context: { requestId: string | null };
}

export interface Verdict {
  audited: number;
  lost: number;
  doubled: number;
  /** Empty when all invariants hold; each names the one that does not. */
  violations: string[];
}

/** Compares what clients were told, what crm holds and what audit holds, for one tenant. Invariants as in docs/events.md. */
export async function check(stack: ChaosStack, tenantId: string, attempts: Attempt[]): Promise<Verdict> {
  const deals = await stack.crm.collection<StoredDeal>('deals').find({ tenantId }).toArray();
  const logs = await stack.audit
    .collection<StoredLog>('auditrecords')
    .find({ tenantId, entityType: 'deal' })
    .toArray();
  const byRequest = Map.groupBy(logs, ({ context }) => context.requestId ?? '');
  const rowsOf = ({ requestId }: Attempt) => byRequest.get(requestId)?.length ?? 0;
  const lost = attempts.filter((attempt) => attempt.outcome === 'accepted' && rowsOf(attempt) === 0);
  const doubled = attempts.filter((attempt) => rowsOf(attempt) > 1);
  const known = new Set(attempts.map(({ requestId }) => requestId));
  const violations = [
    ...lost.map(({ requestId }) => `1: ${requestId} was accepted and is not in audit`),
    ...doubled.map(({ requestId }) => `1: ${requestId} is in audit more than once`),
    ...[...byRequest.keys()].filter((id) => !known.has(id)).map((id) => `2: nobody attempted ${id}`),
    ...attempts
      .filter((attempt) => attempt.outcome === 'refused' && rowsOf(attempt) > 0)
      .map(({ requestId, status }) => `6: ${requestId} was refused with ${status} and is in audit`),
    ...historyViolations(deals, logs),
    ...(await leftovers(stack, tenantId)),
  ];
  return { audited: logs.length, lost: lost.length, doubled: doubled.length, violations };
}

/** Invariants 3, 4 and 5. */
function historyViolations(deals: StoredDeal[], logs: StoredLog[]): string[] {
  const byDeal = Map.groupBy(logs, ({ entityId }) => entityId);
  const known = new Set(deals.map(({ _id }) => _id));
  const strays = [...byDeal.keys()].filter((id) => !known.has(id));
  return [
    ...strays.map((id) => `2: audit knows deal ${id}, crm does not`),
    ...deals.flatMap((deal) =>
      violationsOf(
        deal,
        (byDeal.get(deal._id) ?? []).toSorted((a, b) => a.version - b.version),
      ),
    ),
  ];
}

function violationsOf(deal: StoredDeal, logs: StoredLog[]): string[] {
  const versions = logs.map(({ version }) => version);
  const expected = Array.from({ length: deal.version }, (_, index) => index + 1);
  if (!isDeepStrictEqual(versions, expected))
    return [`3: deal ${deal._id} is at version ${deal.version}, audit has ${versions.join(',')}`];
  const broken = logs.find((log, index) => !isDeepStrictEqual(log.before, logs[index - 1]?.after ?? null));
  if (broken) return [`4: ${broken._id} does not begin where the version before it ended`];
  const last = logs.at(-1)?.after;
  const agrees = deal.deletedAt
    ? last === null
    : last?.['name'] === deal.name && last['stage'] === deal.stage && last['version'] === deal.version;
  const ids = new Set(logs.map(({ _id }) => _id));
  return [
    ...(agrees ? [] : [`4: deal ${deal._id} is not what its audit trail ends with`]),
    ...(ids.size === logs.length ? [] : [`5: deal ${deal._id} has an event twice`]),
  ];
}

/** Invariant 7. Dead letters would also tell of payloads that differ (5). */
async function leftovers(stack: ChaosStack, tenantId: string): Promise<string[]> {
  const waiting = await stack.crm
    .collection('deals')
    .countDocuments({ tenantId, _outboxAt: { $gt: new Date(0) } });
  const dead = await deadLetters(stack);
  return [
    ...(waiting > 0 ? [`7: ${waiting} deals have events in their outboxes`] : []),
    ...(dead > 0 ? [`7: ${dead} dead letters`] : []),
  ];
}

export async function deadLetters(stack: ChaosStack): Promise<number> {
  return (await depths(stack)).get('audit.events.dead') ?? 0;
}

/** Messages of each queue, unacknowledged ones included. */
export async function depths({ broker }: ChaosStack): Promise<Map<string, number>> {
  const text = await broker.rabbitmqctl('-q', 'list_queues', 'name', 'messages');
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  return new Map(rows.map(([name = '', count]) => [name, Number(count)]));
}

/** Waits until nothing is on its way any more. @returns how long that took, ms, or undefined when it was too long */
export async function settle(
  stack: ChaosStack,
  tenantId: string,
  within: number,
): Promise<number | undefined> {
  const began = Date.now();
  while (Date.now() - began < within) {
    const waiting = await stack.crm
      .collection('deals')
      .countDocuments({ tenantId, _outboxAt: { $gt: new Date(0) } })
      .catch(() => -1);
    if (waiting === 0) return Date.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return undefined;
}
