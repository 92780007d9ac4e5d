import type { Migration } from '@pipedesk/mongo';
import { apiKeyMigrations } from './api-keys/api-key.model.ts';
import { eventRecordMigrations } from './event-records/event-records.ts';
import { grantMigrations } from './grants/grant.model.ts';
import { invitationMigrations } from './invitations/invitation.model.ts';
import { legacyAccessMigrations } from './legacy/legacy-access.model.ts';
import { legacyUseMigrations } from './legacy/legacy-use.model.ts';
import { loginAttemptMigrations } from './login-attempts/login-attempts.ts';
import { oneTimeTokenMigrations } from './one-time/one-time-tokens.ts';
import { refreshTokenMigrations } from './refresh/refresh-token.model.ts';
import { accessRefusalMigrations } from './refusals/access-refusal.model.ts';
import { revocationMigrations } from './revocations/revocation.reader.ts';
import { sessionMigrations } from './sessions/session.model.ts';
import { teamMigrations } from './teams/team.model.ts';
import { tenantMigrations } from './tenants/tenant.model.ts';
import { signingKeyMigrations } from './tokens/signing-key.model.ts';
import { userMigrations } from './users/user.model.ts';

export const migrations: Migration[] = [
  ...tenantMigrations,
  ...userMigrations,
  ...sessionMigrations,
  ...refreshTokenMigrations,
  ...signingKeyMigrations,
  ...revocationMigrations,
  ...oneTimeTokenMigrations,
  ...teamMigrations,
  ...invitationMigrations,
  ...apiKeyMigrations,
  ...grantMigrations,
  ...loginAttemptMigrations,
  ...accessRefusalMigrations,
  ...legacyAccessMigrations,
  ...legacyUseMigrations,
  ...eventRecordMigrations,
];
