import { createOutbox, databaseProblem, pingMongo } from '@pipedesk/mongo';
import { createDelivery, type OutboxRelay } from '@pipedesk/messaging';
import {
  createAuthenticator,
  createRefusalLog,
  createServiceApp,
  createServiceAuthenticator,
  type RefusalLog,
  createKeySecret,
} from '@pipedesk/service-kit';
import type { Express } from 'express';
import { availableParallelism } from 'node:os';
import type { AppDeps } from './app-deps.ts';
import { accountRoutes } from './accounts/account.routes.ts';
import { createAccountService } from './accounts/account.service.ts';
import { createLoginLimiter } from './accounts/login-limiter.ts';
import { createTokenAnswers } from './accounts/token-answers.ts';
import { createApiKeyHashes, createApiKeyRepository } from './api-keys/api-key.model.ts';
import { apiKeyRoutes } from './api-keys/api-key.routes.ts';
import { createApiKeyService } from './api-keys/api-key.service.ts';
import { createCredentialStore } from './credentials/credential.model.ts';
import { passwordRoutes } from './credentials/password.routes.ts';
import { createPasswordService } from './credentials/password.service.ts';
import { createPasswords } from './credentials/passwords.ts';
import { createWorkQueue } from './credentials/work-queue.ts';
import { createGrantRepository } from './grants/grant.model.ts';
import { grantRoutes } from './grants/grant.routes.ts';
import { createGrantService } from './grants/grant.service.ts';
import { createEventRecordSweep, type EventRecordSweep } from './event-records/event-records.ts';
import { createGoogleRoutes } from './google/google.ts';
import { createInvitationRepository } from './invitations/invitation.model.ts';
import { invitationRoutes } from './invitations/invitation.routes.ts';
import { createInvitationService } from './invitations/invitation.service.ts';
import { createLegacyRoutes } from './legacy/legacy.ts';
import { createLoginAttempts } from './login-attempts/login-attempts.ts';
import { createLetters } from './mail/letters.ts';
import { createMailer, type Mailer } from './mail/mailer.ts';
import { createOneTimeTokens } from './one-time/one-time-tokens.ts';
import { permissionRoutes } from './permissions/permission.routes.ts';
import { createPermissionService } from './permissions/permission.service.ts';
import { createEntitle } from './permissions/tenant-rights.ts';
import { createAccessRefusals } from './refusals/access-refusal.model.ts';
import { accessRefusalRoutes } from './refusals/access-refusal.routes.ts';
import { createRefreshTokenStore } from './refresh/refresh-token.model.ts';
import { createRefreshTokens } from './refresh/refresh-tokens.ts';
import { createRefreshService } from './refresh/refresh.service.ts';
import { createRevocationReader } from './revocations/revocation.reader.ts';
import { revocationRoutes } from './revocations/revocation.routes.ts';
import { createSecondFactorStore } from './second-factor/second-factor.model.ts';
import { secondFactorRoutes } from './second-factor/second-factor.routes.ts';
import { createSecondFactorService } from './second-factor/second-factor.service.ts';
import { createSecondFactors } from './second-factor/second-factors.ts';
import { createSessionAccess } from './sessions/session-access.ts';
import { createSessionRepository } from './sessions/session.model.ts';
import { sessionRoutes } from './sessions/session.routes.ts';
import { createSessionService } from './sessions/session.service.ts';
import { createTeamRepository } from './teams/team.model.ts';
import { teamRoutes } from './teams/team.routes.ts';
import { createTeamService } from './teams/team.service.ts';
import { createTenantRepository } from './tenants/tenant.model.ts';
import type { KeyRotation } from './tokens/key-rotation.ts';
import { keyRoutes } from './tokens/key.routes.ts';
import { createSigning } from './tokens/signing.ts';
import { createAdminLock } from './users/admin-lock.ts';
import { createEmailLookup, createUserRepository } from './users/user.model.ts';
import { userRoutes } from './users/user.routes.ts';
import { createUserService } from './users/user.service.ts';

/** Password checks at a time: one core stays free for everything else, as far as there is a second one. */
const hashing = { concurrency: Math.max(1, availableParallelism() - 1), capacity: 100 };

/** Builds the service; never listens. */
export function createApp(deps: AppDeps): {
  app: Express;
  relay: OutboxRelay;
  mailer: Mailer;
  rotation: KeyRotation;
  eventRecords: EventRecordSweep;
  refusals: RefusalLog;
} {
  const { connection, publisher, log, metrics, issuer, audience, tokenLifetime } = deps;
  const outbox = createOutbox();
  const store = { connection, outbox };
  const { clock = () => new Date() } = deps;
  const keepRefusals = createAccessRefusals(store, log);
  const refusals = createRefusalLog({
    service: 'auth',
    send: keepRefusals,
    log,
    metrics,
    every: deps.refusalsEvery,
  });

  const keySecret = createKeySecret(deps.keySecret);
  const { keys, rotation, tokens } = createSigning({ ...deps, secret: keySecret, clock });
  const credentials = createCredentialStore(connection);
  const passwords = createPasswords(createWorkQueue(hashing));
  const refreshTokens = createRefreshTokens({
    store: createRefreshTokenStore(connection),
    secret: deps.keySecret,
    clock,
  });
  const tenants = createTenantRepository(store);
  const sessions = createSessionService({
    sessions: createSessionRepository(store),
    tenants,
    refreshTokens,
    clock,
  });
  const userRepository = createUserRepository(store);
  const teams = createTeamService({ teams: createTeamRepository(store), users: userRepository });
  const grants = createGrantService({
    grants: createGrantRepository(store),
    users: userRepository,
    teams,
    clock,
  });
  const users = createUserService({
    users: userRepository,
    credentials,
    passwords,
    sessions,
    adminLock: createAdminLock(connection),
    teams,
  });
  const entitle = createEntitle({ grants, teams, clock });
  const findByEmail = createEmailLookup(connection);
  const oneTime = createOneTimeTokens(connection, clock);
  const mailer = createMailer(deps.sendMail, log);
  const letters = createLetters(deps.appUrl);
  const limiter = createLoginLimiter();
  const attempts = createLoginAttempts(store, log);
  const answers = createTokenAnswers({ sessions, tokens, users, tenants });
  const accounts = createAccountService({
    tenants,
    users,
    findByEmail,
    credentials,
    passwords,
    sessions,
    refreshes: createRefreshService({ refreshTokens, sessions, users: userRepository, refusals, log }),
    answers,
    oneTime,
    attempts,
    limiter,
    clock,
    log,
  });
  const passwordService = createPasswordService({
    users: userRepository,
    findByEmail,
    credentials,
    passwords,
    sessions,
    oneTime,
    limiter,
    resetLimiter: createLoginLimiter({ perAccount: 5, perNetwork: 50 }),
    mailer,
    letters,
    clock,
    log,
  });
  const secondFactors = createSecondFactorService({
    factors: createSecondFactors({
      store: createSecondFactorStore(connection),
      keySecret,
      secret: deps.keySecret,
      clock,
    }),
    users: userRepository,
    passwords: passwordService,
    oneTime,
    attempts,
    limiter,
    answers,
    tokens,
    clock,
  });
  const apiKeys = createApiKeyService({
    apiKeys: createApiKeyRepository(store),
    hashes: createApiKeyHashes(connection),
    users: userRepository,
    tokens,
    limiter,
    clock,
  });
  const invitations = createInvitationService({
    invitations: createInvitationRepository(store),
    tenants,
    teams,
    users,
    findByEmail,
    oneTime,
    passwords,
    answers,
    mailer,
    letters,
    clock,
  });

  const app = createServiceApp({
    ...deps,
    service: 'auth',
    // Verified with the store's own keys: this service must not depend on itself being up.
    authenticate: createAuthenticator({
      keys,
      issuer,
      audience,
      revocations: createSessionAccess({ sessions, apiKeys, users: userRepository, entitle }),
      refusals,
    }),
    authenticateService: createServiceAuthenticator({
      secret: deps.serviceSecret,
      service: 'auth',
      refusals,
    }),
    routes: [
      ...accountRoutes(accounts),
      ...createGoogleRoutes({
        ...{ connection, findByEmail, accounts, credentials, sessions, oneTime, attempts, clock, log },
        options: deps.google,
        secret: keySecret,
        users: userRepository,
      }),
      ...sessionRoutes(sessions),
      ...passwordRoutes(passwordService),
      ...secondFactorRoutes(secondFactors),
      ...apiKeyRoutes(apiKeys),
      ...userRoutes(users),
      ...teamRoutes(teams),
      ...grantRoutes(grants),
      ...permissionRoutes(createPermissionService({ users, grants, entitle })),
      ...invitationRoutes(invitations),
      ...keyRoutes(keys),
      ...accessRefusalRoutes(keepRefusals),
      ...createLegacyRoutes({ config: deps.legacy, store, tokens, clock }),
      ...revocationRoutes({ reader: createRevocationReader(connection), tokenLifetime, clock }),
    ],
    // The broker is not asked: writes go on without it, their events wait in the outbox.
    checks: { database: pingMongo(connection), signingKey: () => keys.signingKey() },
    errorMappers: [databaseProblem],
  });
  return {
    app,
    mailer,
    rotation,
    eventRecords: createEventRecordSweep({ connection, clock, log }),
    refusals,
    relay: createDelivery({ source: outbox, publisher, log, metrics }),
  };
}
