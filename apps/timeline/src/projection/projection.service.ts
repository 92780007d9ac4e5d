import type { ChangeEvent } from '@pipedesk/contracts';
import type { Rejection } from '@pipedesk/messaging';
import { z } from 'zod';
import type { EntityRepository } from '../entities/entity.model.ts';
import type { TimelineItemRepository } from '../timeline/timeline-item.model.ts';
import { type Projected, projectEvent } from './projection.ts';

export type ProjectionService = ReturnType<typeof createProjectionService>;

interface ProjectionDeps {
  items: TimelineItemRepository;
  entities: EntityRepository;
}

interface Candidate extends Projected {
  event: ChangeEvent;
}

/** Keeps timelines and the owners of their records up to date; any order and any repetition of events gives the same result. */
export function createProjectionService({ items, entities }: ProjectionDeps) {
  return {
    /** @returns the events that can never be projected; all others are. */
    async project(events: ChangeEvent[]): Promise<Rejection[]> {
      const { candidates, rejections } = readAll(events);
      const foreign = await findForeign(candidates);
      const own = candidates.filter((candidate) => !foreign.includes(candidate));
      await Promise.all([
        items.project(own.flatMap((candidate) => candidate.items)),
        entities.project(own.flatMap(({ entity }) => entity ?? [])),
      ]);
      return [...rejections, ...foreign.map(belongsToOthers)];
    },
  };

  /** An event that touches a record known as another tenant's is forged. */
  async function findForeign(candidates: Candidate[]): Promise<Candidate[]> {
    const tenants = await entities.tenantsOf(candidates.flatMap(touchedIds));
    return candidates.filter((candidate) =>
      touchedIds(candidate).some(
        (id) => (tenants.get(id) ?? candidate.event.tenantid) !== candidate.event.tenantid,
      ),
    );
  }
}

function readAll(events: ChangeEvent[]): { candidates: Candidate[]; rejections: Rejection[] } {
  const candidates: Candidate[] = [];
  const rejections: Rejection[] = [];
  for (const event of events) {
    try {
      candidates.push({ event, ...projectEvent(event) });
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      rejections.push({
        event,
        reason: `the snapshot is no valid ${event.subject.split('/', 1)[0]}: ${error.message}`,
      });
    }
  }
  return { candidates, rejections };
}

function touchedIds({ items, entity }: Candidate): string[] {
  return [...(entity ? [entity._id] : []), ...items.map(({ entityId }) => entityId)];
}

function belongsToOthers({ event }: Candidate): Rejection {
  return { event, reason: `${event.subject} touches records of another tenant than the event says` };
}
