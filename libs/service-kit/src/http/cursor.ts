import { createHash } from 'node:crypto';
import { badRequest } from './problem.ts';

/** What a cursor is valid for: one list, one tenant, one set of filters. */
export type CursorBinding = readonly unknown[];

/** An opaque cursor that remembers the key it follows and the list it belongs to. */
export function encodeCursor(binding: CursorBinding, key: string): string {
  return Buffer.from(`${fingerprint(binding)}${key}`).toString('base64url');
}

/**
 * The key behind a cursor.
 * @throws ProblemError 400 when it is not one of ours, or of another list, tenant or filter
 */
export function decodeCursor(binding: CursorBinding, cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  const expected = fingerprint(binding);
  if (!text.startsWith(expected) || text.length === expected.length) {
    throw badRequest('invalid_cursor', {
      detail: 'The cursor does not belong to this list and these filters. Start again without a cursor.',
    });
  }
  return text.slice(expected.length);
}

function fingerprint(binding: CursorBinding): string {
  return createHash('sha256').update(JSON.stringify(binding)).digest('base64url').slice(0, 16);
}

/** Turns one row more than the page into `{ items, nextCursor }`. */
export function pageFrom<Row>(
  rows: Row[],
  limit: number,
  binding: CursorBinding,
  keyOf: (row: Row) => string,
) {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items, nextCursor: hasMore ? encodeCursor(binding, keyOf(last)) : null };
}

/**
 * The binding of a timeline's cursors; keys are the items' keys. The gateway pages one timeline over the projection and,
 * when that is down, over the live feeds: with one binding a cursor of either goes on in the other.
 */
export function timelineBinding(tenantId: string, entityType: string, entityId: string): CursorBinding {
  return ['timeline', tenantId, entityType, entityId];
}
