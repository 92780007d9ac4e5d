import { describe, expect, it } from '@jest/globals';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { ownershipOf } from './audit-log.policy.ts';

const [ownerId, teamId, userId, entityId] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
const dataOf = (after: Record<string, unknown>) => buildEvent({ after, actor: { id: userId } }).data;

describe('whose a record is', () => {
  it('follows its owner and team', () => {
    const data = dataOf({ ownerId, teamId });
    expect(ownershipOf('deal', entityId, data)).toEqual({ ownerId, teamId });
  });

  it('follows the state before a deletion', () => {
    const { data } = buildEvent({ action: 'deleted', before: { ownerId, teamId }, after: null });
    expect(ownershipOf('deal', entityId, data)).toEqual({ ownerId, teamId });
  });

  it('is the user’s own for an account, and of the user logged in for a session', () => {
    expect(ownershipOf('user', entityId, dataOf({ teamId }))).toEqual({ ownerId: entityId, teamId });
    expect(ownershipOf('session', entityId, dataOf({ userId: ownerId }))).toMatchObject({ ownerId });
    expect(ownershipOf('session', entityId, dataOf({}))).toMatchObject({ ownerId: userId });
  });

  it('is nobody’s for a record without an owner, or with one that is no text', () => {
    expect(ownershipOf('tenant', entityId, dataOf({ name: 'Acme' }))).toEqual({
      ownerId: null,
      teamId: null,
    });
    expect(ownershipOf('deal', entityId, dataOf({ ownerId: { $ne: '' } }))).toMatchObject({ ownerId: null });
  });
});
