import type { Invitation } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import type { StoreDeps } from '../store-deps.ts';

const collection = 'invitations';

/** The token is elsewhere (`one_time_tokens`): what is here goes into events. */
export type InvitationRepository = AuditedRepository<Invitation>;

export function createInvitationRepository(deps: StoreDeps): InvitationRepository {
  return createAuditedRepository<Invitation>({
    ...deps,
    entityType: 'invitation',
    collection,
    fields: {
      email: { type: String, required: true },
      role: { type: String, required: true },
      teamId: { type: String, default: null },
      ownerId: { type: String, required: true },
      status: { type: String, required: true },
      expiresAt: { type: Date, required: true },
    },
  });
}

export const invitationMigrations: Migration[] = [
  {
    id: '2026-11-22-invitation-indexes',
    up: (db) => db.collection(collection).createIndexes([...auditedIndexes]),
  },
];
