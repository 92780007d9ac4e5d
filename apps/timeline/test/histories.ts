import type { Action, ChangeEvent, Link, Snapshot } from '@pipedesk/contracts';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';

const at = (minute: number) => new Date(Date.UTC(2026, 2, 1, 9, minute)).toISOString();

/** A tenant with a deal, whose events all others build on. */
export function buildDeal(owner: { ownerId?: string; teamId?: string } = {}) {
  const [tenantId, dealId] = [uuidv7(), uuidv7()];
  const created = buildEvent({
    tenantId,
    entityId: dealId,
    time: at(0),
    after: { name: 'Forty seats', ownerId: null, teamId: null, ...owner },
  });
  return { tenantId, dealId, created };
}

interface Versions {
  tenantId: string;
  /** What each version was about; the action is `updated` from the second on unless told. */
  versions: { snapshot: Snapshot; links: Link[]; action?: Action }[];
}

/** The events of a note, a task or a meeting, with before and after, as their services write them. */
export function buildVersions(
  entityType: 'note' | 'task' | 'calendar_event',
  { tenantId, versions }: Versions,
): ChangeEvent[] {
  const entityId = uuidv7();
  const record = (index: number): Snapshot | null => {
    const snapshot = versions[index]?.snapshot;
    if (!snapshot) return null;
    return { ...snapshot, id: entityId, version: index + 1, createdAt: at(1), updatedAt: at(1 + index) };
  };
  return versions.map(({ links, action }, index) =>
    buildEvent({
      tenantId,
      entityType,
      entityId,
      version: index + 1,
      time: at(1 + index),
      before: record(index - 1),
      after: action === 'deleted' ? null : record(index),
      links,
      ...(action === undefined ? {} : { action }),
    }),
  );
}

export function buildNote(dealId: string, text: string): Snapshot {
  return { entityType: 'deal', entityId: dealId, text, authorName: 'Sam Sales', ownerId: null, teamId: null };
}

export function buildTask(dealId: string | null, overrides: Snapshot = {}): Snapshot {
  return {
    title: 'Call back',
    description: null,
    dueAt: at(50),
    priority: 'normal',
    status: 'open',
    doneAt: null,
    entityType: dealId === null ? null : 'deal',
    entityId: dealId,
    authorName: 'Sam Sales',
    ownerId: null,
    teamId: null,
    ...overrides,
  };
}

export function buildMeeting(links: Link[], overrides: Snapshot = {}): Snapshot {
  return {
    title: 'Kick-off',
    description: null,
    location: 'Room 1',
    startsAt: at(30),
    endsAt: at(59),
    attendees: [],
    links,
    organizerName: 'Sam Sales',
    ownerId: null,
    teamId: null,
    ...overrides,
  };
}

/** Every order of a few items. */
export function permutations<T>(items: T[]): T[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  );
}
