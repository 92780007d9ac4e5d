import { type Connection, createOutbox, databaseProblem, pingMongo } from '@pipedesk/mongo';
import { createDelivery, type OutboxRelay, type Publisher } from '@pipedesk/messaging';
import {
  createAuthenticator,
  createLegacyPolicy,
  createRefusalLog,
  createServiceApp,
  createServiceAuthenticator,
  type LegacyConfig,
  type Logger,
  type RefusalLog,
  type Registry,
  createKeySecret,
} from '@pipedesk/service-kit';
import type { Express } from 'express';
import { availableParallelism } from 'node:os';
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
import type { GoogleOptions } from './google/google-provider.ts';
import { googleRoutes } from './google/google.routes.ts';
import { createGoogleService } from './google/google.service.ts';
import { createGoogleSignIn } from './google/google-sign-in.ts';
import { createInvitationRepository } from './invitations/invitation.model.ts';
import { invitationRoutes } from './invitations/invitation.routes.ts';
import { createInvitationService } from './invitations/invitation.service.ts';
import { createLegacyAccessRepository } from './legacy/legacy-access.model.ts';
import { createLegacyUseStore } from './legacy/legacy-use.model.ts';
import { legacyRoutes } from './legacy/legacy.routes.ts';
import { createLegacyService } from './legacy/legacy.service.ts';
import { createLoginAttempts } from './login-attempts/login-attempts.ts';
import { createLetters } from './mail/letters.ts';
import { createMailer, type Mailer, type SendMail } from './mail/mailer.ts';
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
import { createKeyRotation, type KeyRotation } from './tokens/key-rotation.ts';
import { createKeyRing } from './tokens/key-ring.ts';
import { keyRoutes } from './tokens/key.routes.ts';
import { createSigningKeyStore } from './tokens/signing-key.model.ts';
import { createTokenIssuer } from './tokens/token-issuer.ts';
import { createAdminLock } from './users/admin-lock.ts';
import { createEmailLookup, createGoogleLookup, createUserRepository } from './users/user.model.ts';
import { userRoutes } from './users/user.routes.ts';
import { createUserService } from './users/user.service.ts';

export interface AppDeps {
  connection: Connection;
  publisher: Publisher;
  log: Logger;
  metrics: Registry;
  trustedProxies: string;
  isShuttingDown: () => boolean;
  issuer: string;
  audience: string;
  /** 32 bytes in base64. */
  keySecret: string;
  serviceSecret: string;
  /** For so long a key signs. */
  keyRotationDays: number;
  /** Of an access token, seconds. */
  tokenLifetime: number;
  /** Where the links in mails lead to. */
  appUrl: string;
  sendMail: SendMail;
  /** Seconds between two reports of refused tokens to audit. */
  refusalsEvery: number;
  /** Who is still believed by headers; nobody unless told. */
  legacy?: LegacyConfig;
  /** Without it nobody signs in with Google. */
  google?: GoogleOptions | undefined;
  /** Tests turn it. */
  clock?: () => Date;
}

/** Password checks at a time: one core stays free for everything else, as far as there is a second one. */
const hashing = { concurrency: Math.max(1, availableParallelism() - 1), capacity: 100 };

const nobodyByHeaders: LegacyConfig = { LEGACY_STAGES: [], LEGACY_CLIENTS: [], LEGACY_GUIDE_URL: '/docs' };

/** Builds the service; never listens. */
export function createApp(deps: AppDeps): {
  app: Express;
  relay: OutboxRelay;
  mailer: Mailer;
  rotation: KeyRotation;
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
  const keyStore = createSigningKeyStore(connection);
  const keys = createKeyRing({ store: keyStore, secret: keySecret, log, clock });
  const rotation = createKeyRotation({
    store: keyStore,
    secret: keySecret,
    log,
    clock,
    period: deps.keyRotationDays * 86_400_000,
    tokenLifetime,
  });
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
  const tokens = createTokenIssuer({ keys, issuer, audience, lifetime: tokenLifetime, clock });
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
  const google = createGoogleService({
    users: userRepository,
    findByEmail,
    findByGoogle: createGoogleLookup(connection),
    accounts,
    attempts,
    clock,
    log,
  });
  const googleSignIn = deps.google && createGoogleSignIn(deps.google, keySecret, clock);
  const legacy = createLegacyService({
    policy: createLegacyPolicy(deps.legacy ?? nobodyByHeaders),
    accesses: createLegacyAccessRepository(store),
    uses: createLegacyUseStore(connection),
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
      ...googleRoutes(googleSignIn, google),
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
      ...legacyRoutes(legacy),
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
    refusals,
    relay: createDelivery({ source: outbox, publisher, log, metrics }),
  };
}
