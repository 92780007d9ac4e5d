import { unavailable } from '@pipedesk/service-kit';
import { mongo } from 'mongoose';
import type { OutboxFields } from './outbox.ts';

/** Bytes of waiting events of one record: some two thousand changes, and far from the 16 MB a document may have. */
const mostWaiting = 4 * 1024 * 1024;

/**
 * A record grows with its events while audit or the broker is away. Before it could grow out of its document, changes of this
 * one record are put off; all others go on.
 * @throws ProblemError 503 `changes_waiting_for_audit`
 */
export function requireRoom(entityType: string, { _outbox = [] }: OutboxFields): void {
  if (_outbox.length === 0 || mongo.BSON.calculateObjectSize(_outbox) < mostWaiting) return;
  throw unavailable('changes_waiting_for_audit', {
    detail: `${_outbox.length} changes of this ${entityType} wait for audit. It can be changed again once audit has them.`,
    retryAfter: 30,
  });
}
