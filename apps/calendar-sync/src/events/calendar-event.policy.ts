import type { CalendarEvent } from '@pipedesk/contracts';
import { unprocessable } from '@pipedesk/service-kit';

type EventLink = CalendarEvent['links'][number];

/** @throws ProblemError 422 when the meeting would end before it starts, whichever of the two was changed */
export function requireOrder({ startsAt, endsAt }: Pick<CalendarEvent, 'startsAt' | 'endsAt'>): void {
  if (endsAt > startsAt) return;
  throw unprocessable('event_ends_before_start', {
    detail: 'A meeting must end after it starts.',
    errors: [{ in: 'body', path: 'endsAt', message: 'must be after startsAt' }],
  });
}

/** Links a change adds, with their position in the body: those that stay were checked when they were made. */
export function addedLinks(before: EventLink[], after: EventLink[]): { link: EventLink; index: number }[] {
  const isKnown = (link: EventLink) =>
    before.some((known) => known.entityType === link.entityType && known.entityId === link.entityId);
  return after.flatMap((link, index) => (isKnown(link) ? [] : [{ link, index }]));
}
