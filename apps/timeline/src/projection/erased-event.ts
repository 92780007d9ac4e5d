import {
  type ChangeEvent,
  type PlacedItem,
  placeEvent,
  type Snapshot,
  withdrawEvent,
} from '@pipedesk/contracts';
import { z } from 'zod';

/** Shown for an erased value where there must be one. */
const erased = '[erased]';
const substitutes: Record<string, unknown> = {
  ...{ name: erased, title: erased, text: erased, authorName: erased, organizerName: erased },
  attendees: [],
};

/**
 * What is left on timelines of an event that has lost values to an erasure. A note, task or meeting of which too little is left
 * leaves them; a change stays, without what it changed.
 */
export function placeErased(event: ChangeEvent): PlacedItem | null {
  const { before, after } = event.data;
  const shown = { ...event, data: { ...event.data, before: substituted(before), after: substituted(after) } };
  try {
    return placeEvent(shown);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    return withdrawEvent(shown);
  }
}

function substituted(snapshot: Snapshot | null): Snapshot | null {
  if (snapshot === null) return null;
  const replaced = Object.entries(substitutes).filter(([member]) => snapshot[member] === null);
  return { ...snapshot, ...Object.fromEntries(replaced) };
}
