import type { Migration } from '@pipedesk/mongo';
import { refreshTokenMigrations } from './refresh/refresh-token.model.ts';
import { revocationMigrations } from './revocations/revocation.reader.ts';
import { sessionMigrations } from './sessions/session.model.ts';
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
];
