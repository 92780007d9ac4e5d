import {
  brownoutMinutes,
  type LegacyDecision,
  type LegacyPolicy,
  type ProblemError,
  type RefusalLog,
  refusedRequest,
  unauthorized,
} from '@pipedesk/service-kit';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { destinationOf } from '../edge/services.ts';
import type { LegacyTokens } from './legacy-tokens.ts';
import type { LegacyUseCounts } from './legacy-use.ts';

/** Lets in who still calls by `x-user-role` and may, with a real token in place of the headers. */
export interface LegacyDoor {
  /** True for a request that has headers instead of a token. */
  concerns(req: IncomingMessage): boolean;
  /**
   * Leaves a request that may not as it is: it has no token.
   * @throws ProblemError 401 `legacy_brownout`, `legacy_denied`; 503 when auth gives no token
   */
  admit(req: IncomingMessage, res: ServerResponse, ip: string): Promise<void>;
}

interface LegacyDoorOptions {
  policy: LegacyPolicy;
  tokens: LegacyTokens;
  uses: LegacyUseCounts;
  refusals: RefusalLog;
  /** Where `Link rel="deprecation"` leads to. */
  guideUrl: string;
  clock?: () => Date;
}

/** When tokens took the place of the headers. */
const deprecatedAt = Date.parse('2026-11-22T00:00:00Z') / 1000;

const claimed = ['x-user-role', 'x-user-id', 'x-tenant-id'] as const;

export function createLegacyDoor(options: LegacyDoorOptions): LegacyDoor {
  const { policy, tokens, uses, refusals, guideUrl, clock = () => new Date() } = options;

  /** RFC 9745, RFC 8594. Whoever calls the old way learns of its end from every answer, also of a refusal. */
  function announceEnd(res: ServerResponse): void {
    res.setHeader('Deprecation', `@${deprecatedAt}`);
    if (policy.sunset) res.setHeader('Sunset', policy.sunset.toUTCString());
    res.setHeader('Link', `<${guideUrl}>; rel="deprecation"; type="text/html"`);
  }

  return {
    // A credential of any kind decides alone: headers beside it are ignored.
    concerns: ({ headers }) => headers.authorization === undefined && headers['x-user-role'] !== undefined,
    admit: async (req, res, ip) => {
      const route = routeOf(req);
      const decision = route && policy.decide({ ip, ...claimOf(req) }, clock());
      if (!decision) return;
      uses.count(decision, route);
      announceEnd(res);
      if (decision.outcome !== 'accepted') {
        const { tenantId } = decision.client;
        refusals.note({ ...refusedRequest(req), ip }, { reason: 'legacy_refused', subject: { tenantId } });
        throw refusalOf(decision, clock());
      }
      present(req, await tokens(decision, ip));
    },
  };
}

/** Method and path without ids; identities and sessions (auth) are never dealt with by headers. */
function routeOf(req: IncomingMessage): string | undefined {
  const [path = ''] = (req.url ?? '').split('?', 1);
  const destination = destinationOf(path);
  if (destination) return destination.service === 'auth' ? undefined : `${req.method} ${destination.label}`;
  return path.startsWith('/timeline/') ? `${req.method} /timeline/*` : undefined;
}

function claimOf({ headers }: IncomingMessage) {
  const [role, , tenantId] = claimed.map((name) => headers[name]?.toString());
  return { role, tenantId };
}

/** From here on it is a request like any other, verified, limited and decided like any other. */
function present(req: IncomingMessage, token: string): void {
  const authorization = `Bearer ${token}`;
  for (const name of claimed) delete req.headers[name];
  req.headers.authorization = authorization;
  req.headersDistinct.authorization = [authorization];
  req.rawHeaders.push('Authorization', authorization);
}

function refusalOf({ outcome }: LegacyDecision, now: Date): ProblemError {
  if (outcome === 'denied')
    return unauthorized('legacy_denied', 'x-user-role is not accepted any more. Send an access token.');
  const end = new Date(now);
  end.setUTCMinutes(brownoutMinutes, 0, 0);
  return unauthorized(
    'legacy_brownout',
    `x-user-role is refused in the first ${brownoutMinutes} minutes of every hour, now until ${end.toISOString()}, ` +
      'and soon for good. Send an access token.',
  );
}
