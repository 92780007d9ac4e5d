import { depthOf } from './broker-queues.ts';
import { historyViolations, type StoredLog, type StoredRecord } from './history.ts';
import { recordKinds } from './record-kinds.ts';
import type { ChaosStack } from './stack.ts';
import type { Attempt } from './writer.ts';

export interface Verdict {
  audited: number;
  lost: number;
  doubled: number;
  /** Empty when all invariants hold; each names the one that does not. */
  violations: string[];
}

/**
 * Compares what clients were told, what crm holds and what audit holds, for one tenant, after `settle`. The numbers are
 * those of the invariants: 1 every accepted write is in audit once, 2 nothing else is, 3 versions without gaps, 4 replaying
 * audit gives the record, 5 no event twice, 6 nothing of a refused write and an uncertain one at most once, 7 nothing is
 * left on its way, 8 (`runScenario`) writes are as fast as ever, 9 (`streamViolations`) streams leave nothing out.
 */
export async function check(stack: ChaosStack, tenantId: string, attempts: Attempt[]): Promise<Verdict> {
  const logs: StoredLog[] = [];
  const histories: string[] = [];
  for (const { entityType, collection } of recordKinds) {
    const records = await stack.crm.collection<StoredRecord>(collection).find({ tenantId }).toArray();
    const own = await logsOf(stack, tenantId, entityType);
    histories.push(...historyViolations(entityType, records, own));
    logs.push(...own);
  }
  const { lost, doubled, violations } = compare(attempts, logs);
  return {
    audited: logs.length,
    lost,
    doubled,
    violations: [...violations, ...histories, ...(await leftovers(stack, tenantId))],
  };
}

function logsOf({ audit }: ChaosStack, tenantId: string, entityType: string): Promise<StoredLog[]> {
  return audit.collection<StoredLog>('auditrecords').find({ tenantId, entityType }).toArray();
}

/** Invariants 1, 2 and 6, by request ids. */
function compare(attempts: Attempt[], logs: StoredLog[]) {
  const byRequest = Map.groupBy(logs, ({ context }) => context.requestId ?? '');
  const rowsOf = ({ requestId }: Attempt) => byRequest.get(requestId)?.length ?? 0;
  const lost = attempts.filter((attempt) => attempt.outcome === 'accepted' && rowsOf(attempt) === 0);
  const doubled = attempts.filter((attempt) => rowsOf(attempt) > 1);
  const kept = attempts.filter((attempt) => attempt.outcome === 'refused' && rowsOf(attempt) > 0);
  const known = new Set(attempts.map(({ requestId }) => requestId));
  const strays = [...byRequest.keys()].filter((id) => !known.has(id));
  const unexpected = attempts.filter(
    ({ outcome, isWrong }) => outcome === (isWrong ? 'accepted' : 'refused'),
  );
  const violations = [
    ...unexpected.map(({ requestId, status }) => `6: ${requestId} was answered with ${status}`),
    ...lost.map(({ requestId }) => `1: ${requestId} was accepted and is not in audit`),
    ...doubled.map(
      ({ requestId, outcome }) =>
        `${outcome === 'accepted' ? 1 : 6}: ${requestId} (${outcome}) is in audit more than once`,
    ),
    ...strays.map((id) => `2: nobody attempted ${id}`),
    ...kept.map(({ requestId, status }) => `6: ${requestId} was refused with ${status} and is in audit`),
  ];
  return { lost: lost.length, doubled: doubled.length, violations };
}

/** Invariant 7, and 5: an event that came with another payload than before is a dead letter. */
async function leftovers(stack: ChaosStack, tenantId: string): Promise<string[]> {
  const waiting = await waitingRecords(stack, tenantId);
  const dead = await depthOf(stack, deadLetters);
  return [
    ...(waiting.length > 0
      ? [`7: ${waiting.length} records have events in their outboxes (${waiting.slice(0, 3).join(', ')})`]
      : []),
    ...(dead > 0 ? [`7: ${dead} dead letters`] : []),
  ];
}

export const deadLetters = 'audit.events.dead';

/** The records that count as having events in their outboxes, and how many each has. */
export async function waitingRecords({ crm }: ChaosStack, tenantId: string): Promise<string[]> {
  const waiting = { tenantId, _outboxAt: { $gt: new Date(0) } };
  const found = recordKinds.map(({ collection }) =>
    crm
      .collection<{ _id: string }>(collection)
      .find(waiting, { projection: { _id: 1 } })
      .toArray(),
  );
  return (await Promise.all(found)).flat().map(({ _id }) => _id);
}

/** Waits until nothing is on its way any more. @returns how long that took, ms, or undefined when it was too long */
export async function settle(
  stack: ChaosStack,
  tenantId: string,
  within: number,
): Promise<number | undefined> {
  const began = Date.now();
  while (Date.now() - began < within) {
    const waiting = await waitingRecords(stack, tenantId).catch(() => undefined);
    if (waiting?.length === 0) return Date.now() - began;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return undefined;
}
