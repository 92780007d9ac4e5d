import type { AuditLog } from '../audit-logs/audit-log.model.ts';

/** Changes of a range, counted. Grows with the users and days of a tenant, not with its changes. */
export interface Summary {
  records: number;
  entities: number;
  byEntityType: Record<string, number>;
  byAction: Record<string, number>;
  /** By the actor's id, with the name they had last. */
  byUser: Record<string, { name: string; count: number }>;
  /** By the day in UTC. */
  byDay: Record<string, number>;
}

export function createSummary() {
  const types = new Map<string, number>();
  const actions = new Map<string, number>();
  const days = new Map<string, number>();
  const users = new Map<string, { name: string; count: number }>();
  let records = 0;
  let entities = 0;

  return {
    newEntity: () => void entities++,
    add({ entityType, action, actor, time }: AuditLog): void {
      records++;
      for (const [counts, name] of [
        [types, entityType],
        [actions, action],
        [days, time.toISOString().slice(0, 10)],
      ] as const)
        counts.set(name, (counts.get(name) ?? 0) + 1);
      users.set(actor.id, { name: actor.name, count: (users.get(actor.id)?.count ?? 0) + 1 });
    },
    result: (): Summary => ({
      records,
      entities,
      byEntityType: inOrder(types),
      byAction: inOrder(actions),
      byUser: inOrder(users),
      byDay: inOrder(days),
    }),
  };
}

function inOrder<V>(counts: Map<string, V>): Record<string, V> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
