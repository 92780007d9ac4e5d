import type { Attack } from './attack.ts';
import { bootAttacks } from './boot-attacks.ts';
import { credentialAttacks } from './credential-attacks.ts';
import { edgeAttacks } from './edge-attacks.ts';
import { exportAttacks } from './export-attacks.ts';
import { grantAttacks } from './grant-attacks.ts';
import { inputAttacks } from './input-attacks.ts';
import { legacyAttacks } from './legacy-attacks.ts';
import { rightAttacks } from './right-attacks.ts';
import { sessionAttacks } from './session-attacks.ts';
import { ssrfAttacks } from './ssrf-attacks.ts';
import { tenantAttacks } from './tenant-attacks.ts';
import { tokenAttacks } from './token-attacks.ts';

/** In the order of the reference's table; brute force comes last of the logins, since it slows them down. */
export const attacks: Attack[] = [
  ...tokenAttacks,
  ...bootAttacks,
  ...credentialAttacks,
  ...sessionAttacks,
  ...edgeAttacks,
  ...tenantAttacks,
  ...rightAttacks,
  ...grantAttacks,
  ...inputAttacks,
  ...ssrfAttacks,
  ...exportAttacks,
  ...legacyAttacks,
];

interface ProvenElsewhere {
  where: string;
  name: string;
  /** The test file, and words that stand in it. */
  file: string;
  words: string;
}

const kit = 'libs/service-kit/src';

/** Rows that need a hand inside a process, or a clock: their own tests have it. */
export const provenElsewhere: ProvenElsewhere[] = [
  {
    where: 'JWKS',
    name: 'the key source down while cold',
    file: `${kit}/auth/key-source.test.ts`,
    words: 'signing_keys_unavailable',
  },
  {
    where: 'boot',
    name: 'an undeclared route',
    file: `${kit}/http/route.test.ts`,
    words: 'declares no permission',
  },
  {
    where: 'tenant',
    name: 'a forged tenant in an event, to audit',
    file: 'apps/audit/test/ingest.int.test.ts',
    words: 'tenant',
  },
  {
    where: 'tenant',
    name: 'a forged tenant in an event, to timeline',
    file: 'apps/timeline/test/projection.int.test.ts',
    words: 'tenant',
  },
  {
    where: 'tenant',
    name: 'a query without a tenant',
    file: 'libs/mongo/test/tenants.int.test.ts',
    words: 'tenant',
  },
  {
    where: 'RBAC',
    name: 'decide and filterFor, on random records and users',
    file: 'libs/contracts/src/access/decisions.test.ts',
    words: 'filterFor',
  },
  {
    where: 'RBAC',
    name: 'masked values of random records, in every kind of answer',
    file: 'libs/contracts/src/access/masking.test.ts',
    words: 'masked value',
  },
  {
    where: 'JWT',
    name: 'random mutations of a genuine token',
    file: `${kit}/auth/token-mutations.test.ts`,
    words: 'mutation',
  },
  {
    where: 'session',
    name: 'a service that was down while a session ended',
    file: `${kit}/auth/revocations.test.ts`,
    words: 'ask again',
  },
  {
    where: 'JWT',
    name: 'a token of a retired key',
    file: 'apps/auth/test/key-rotation.int.test.ts',
    words: 'refuses tokens of a retired key',
  },
  {
    where: 'session',
    name: 'a refresh token that comes again after its grace, and one past its absolute age',
    file: 'apps/auth/test/refresh.int.test.ts',
    words: 'that comes again after the grace ends the session',
  },
  {
    where: 'login',
    name: 'a code of the second factor used twice',
    file: 'apps/auth/test/second-factor.int.test.ts',
    words: 'refuses a code that was used',
  },
  {
    where: 'login',
    name: 'Google sign-in: state, nonce and ID token forged, a code replayed, an address nobody has verified',
    file: 'apps/auth/test/google.int.test.ts',
    words: 'refuses an ID token',
  },
  {
    where: 'login',
    name: 'Google sign-in to a front end: an open redirect, a code copied, used twice or of yesterday, a login by a foreign link',
    file: 'apps/auth/test/google-return.int.test.ts',
    words: 'opens nothing without the secret of the page that began',
  },
  {
    where: 'RBAC',
    name: 'exports and erasures with an old proof of identity, also after a refresh',
    file: 'apps/auth/test/second-factor.int.test.ts',
    words: 'are not opened by refreshing an old session',
  },
  {
    where: 'login',
    name: 'rotating IPv6 in a /56; a victim locked out; a spray',
    file: 'apps/auth/src/accounts/login-limiter.test.ts',
    words: 'network',
  },
  {
    where: 'tenant',
    name: "the departing salesperson's export: paging through everything one may read",
    file: 'apps/api-gateway/test/read-limits.test.ts',
    words: 'is refused once their role has had its records of the hour',
  },
  {
    where: 'SSRF',
    name: 'rebinding: a name that is public when it is checked and private when it is connected to',
    file: `${kit}/http/outbound.test.ts`,
    words: 'a name that changes its mind is refused',
  },
  {
    where: 'legacy',
    name: 'brownout: refused in its minutes, never by 429',
    file: 'apps/api-gateway/test/legacy.test.ts',
    words: 'never by 429',
  },
  {
    where: 'container',
    name: 'a process that is root',
    file: 'deploy/docker/test/dockerfile.test.ts',
    words: 'user without rights',
  },
];

interface NotApplicable {
  where: string;
  name: string;
  because: string;
}

export const notApplicableYet: NotApplicable[] = [
  {
    where: 'RBAC',
    name: 'contacts: erase',
    because: 'there is no such route',
  },
  {
    where: 'session',
    name: 'switching to a tenant one is no member of',
    because: 'a user belongs to one tenant, and no request names another: see the rows of headers',
  },
];
