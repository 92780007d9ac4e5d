import { type Permission, scopeOf, userSchema } from '@pipedesk/contracts';
import {
  createServiceClient,
  type OnBehalfOf,
  type ProblemError,
  type Registry,
  unprocessable,
} from '@pipedesk/service-kit';
import type { NewOwner } from '../records/owned-records.ts';

/** Users as auth has them, asked for anew each time: who left a minute ago is given nothing. */
export interface Directory {
  /**
   * Who is to own a record, with the team they are in now; null is nobody.
   * @param needed what they must be able to do with it by their role
   * @throws ProblemError 422 `owner_not_found`, `owner_disabled` or `owner_may_not_edit`; auth's own 401 or 403; 503
   *   `directory_unavailable` when auth cannot tell
   */
  ownerBy(onBehalfOf: OnBehalfOf, userId: string | null, needed: Permission): Promise<NewOwner>;
}

/** @param jwksUrl AUTH_JWKS_URL: auth's other routes are beside its keys */
export function createDirectory({ jwksUrl, metrics }: { jwksUrl: string; metrics: Registry }): Directory {
  const ask = createServiceClient({
    name: 'directory',
    url: jwksUrl,
    metrics,
    read: (body) => userSchema.parse(JSON.parse(body)),
    notThere: () => refused('owner_not_found', 'There is no user with this id.', 'names no user'),
    outage: {
      code: 'directory_unavailable',
      detail: 'Users cannot be looked up just now. Try again shortly.',
    },
  });
  return {
    async ownerBy(onBehalfOf, userId, needed) {
      if (userId === null) return { ownerId: null };
      const { id, role, teamId, status } = await ask(onBehalfOf, `/users/${userId}`);
      if (status === 'disabled')
        throw refused('owner_disabled', 'This user is disabled.', 'names a user who is disabled');
      if (!scopeOf(role, needed))
        throw refused('owner_may_not_edit', `A ${role} cannot work on this.`, `names a ${role}`);
      return { ownerId: id, teamId };
    },
  };
}

function refused(code: string, detail: string, message: string): ProblemError {
  return unprocessable(code, { detail, errors: [{ in: 'body', path: 'ownerId', message }] });
}
