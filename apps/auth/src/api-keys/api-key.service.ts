import {
  type AccessTokenAnswer,
  type ApiKey,
  type ApiKeyListQuery,
  decide,
  type NewApiKey,
  type Page,
} from '@pipedesk/contracts';
import {
  type Caller,
  outOfReach,
  permittedFilter,
  type RequestOrigin,
  type TenantContext,
  tenantContextOf,
  unauthorized,
  unprocessable,
} from '@pipedesk/service-kit';
import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { LoginLimiter } from '../accounts/login-limiter.ts';
import { newCaller } from '../accounts/new-caller.ts';
import type { TokenIssuer } from '../tokens/token-issuer.ts';
import type { UserRepository } from '../users/user.model.ts';
import type { ApiKeyHashes, ApiKeyRepository } from './api-key.model.ts';
import { requireMayDelegate } from './api-key.policy.ts';

export type ApiKeyService = ReturnType<typeof createApiKeyService>;

interface ApiKeyDeps {
  apiKeys: ApiKeyRepository;
  hashes: ApiKeyHashes;
  users: UserRepository;
  tokens: TokenIssuer;
  limiter: LoginLimiter;
  clock: () => Date;
}

const day = 86_400_000;
const lifetime = { usual: 90 * day, longest: 366 * day };
const prefixLength = 12;

/** Keys are exchanged for access tokens: services verify one kind of token and know one way to revoke it. */
export function createApiKeyService({ apiKeys, hashes, users, tokens, limiter, clock }: ApiKeyDeps) {
  /** @throws ProblemError 422 for a time that has passed or is too far ahead */
  function expiryOf({ expiresAt }: NewApiKey): string {
    const now = clock().getTime();
    const until = expiresAt === undefined ? now + lifetime.usual : Date.parse(expiresAt);
    if (until > now && until <= now + lifetime.longest) return new Date(until).toISOString();
    const message = 'must be within the next 366 days';
    throw unprocessable('invalid_expiry', { errors: [{ in: 'body', path: 'expiresAt', message }] });
  }

  /** The key and who it speaks for, while both are good. */
  async function resolve(key: string, origin: RequestOrigin): Promise<[Caller, ApiKey] | null> {
    const found = await hashes.find(key);
    if (!found) return null;
    const { tenantId, keyId } = found;
    const least = { name: '', role: 'viewer' as const, teamId: null, permissionVersion: 1 };
    const nobody = tenantContextOf(newCaller({ tenantId, userId: keyId, ...least }), origin, 'auth');
    const apiKey = await apiKeys.find(nobody, { _id: keyId });
    if (!apiKey || apiKey.expiresAt <= clock().toISOString()) return null;
    const user = await users.find(nobody, { _id: apiKey.ownerId });
    if (user?.status !== 'active') return null;
    const { name, role, teamId, version: permissionVersion } = user;
    const owner = { tenantId, userId: user.id, name, role, teamId, permissionVersion };
    const limits = { id: keyId, permissions: apiKey.permissions };
    return [{ ...newCaller(owner, clock()), authenticatedAt: 0, apiKey: limits }, apiKey];
  }

  return {
    /** @throws ProblemError 403 `permission_above_own`, 422 */
    create: async (context: TenantContext, body: NewApiKey): Promise<ApiKey & { key: string }> => {
      const { name, permissions } = body;
      requireMayDelegate(context, permissions);
      const expiresAt = expiryOf(body);
      const key = `pdk_${randomBytes(32).toString('base64url')}`;
      const id = uuidv7();
      await hashes.add(key, { tenantId: context.tenantId, keyId: id });
      const fields = { ownerId: context.subject.userId, name, permissions, expiresAt };
      const { record } = await apiKeys.create(
        context,
        { ...fields, prefix: key.slice(0, prefixLength) },
        { id },
      );
      return { ...record, key };
    },
    list: (context: TenantContext, { ownerId, limit, cursor }: ApiKeyListQuery): Promise<Page<ApiKey>> => {
      const own = permittedFilter(context, 'api_keys:read');
      const filter = ownerId === undefined ? own : { ownerId, ...own };
      return apiKeys.list(context, { filter, limit, cursor });
    },
    /** @throws ProblemError 404 for another's key too, unless the caller's role reaches it */
    revoke: async (context: TenantContext, id: string): Promise<void> => {
      const found = await apiKeys.find(context, { _id: id });
      const owned = found && { ownerId: found.ownerId, teamId: null };
      if (!owned || !decide(context.subject, 'api_keys:revoke', owned))
        throw outOfReach(context.subject, 'api_keys:revoke', 'api_key');
      await apiKeys.remove(context, id, {});
      await hashes.remove({ tenantId: context.tenantId, keyId: id });
    },
    /** @throws ProblemError 401 for keys that are unknown, revoked, expired, or of somebody who may not log in; 429 */
    exchange: async (key: string, origin: RequestOrigin): Promise<AccessTokenAnswer> => {
      const account = `key ${key.slice(0, prefixLength)}`;
      await limiter.begin(account, origin.ip);
      const resolved = await resolve(key, origin);
      if (!resolved) throw unauthorized('api_key_invalid', 'This API key is not valid, or not any more.');
      await limiter.succeeded(account, origin.ip);
      const [caller, { expiresAt }] = resolved;
      return { ...(await tokens.issue(caller, new Date(expiresAt))), tokenType: 'Bearer' };
    },
    /** For checks of tokens that were made for a key. */
    isGood: async (context: TenantContext, id: string): Promise<boolean> => {
      const apiKey = await apiKeys.find(context, { _id: id, ownerId: context.subject.userId });
      return apiKey !== null && apiKey.expiresAt > clock().toISOString();
    },
  };
}
