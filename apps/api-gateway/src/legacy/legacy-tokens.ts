import { legacyTokenSchema } from '@pipedesk/contracts';
import { type LegacyDecision, type PostToAuth, unavailable } from '@pipedesk/service-kit';

/** An access token for a legacy caller; the same one until shortly before its end. */
export type LegacyTokens = (decision: LegacyDecision, ip: string) => Promise<string>;

/** Before its end a token is not used any more: the request it goes with takes a moment too, ms. */
const margin = 15_000;

interface Kept {
  token: Promise<string>;
  until: number;
}

/** Kept by client and role: their number is what the configuration names. */
export function createLegacyTokens(post: PostToAuth): LegacyTokens {
  const kept = new Map<string, Kept>();

  async function exchange(key: string, { client, role }: LegacyDecision, ip: string): Promise<string> {
    try {
      const answer = await post('/internal/legacy-tokens', { clientId: client.id, role, ip });
      const { accessToken, expiresIn } = legacyTokenSchema.parse(answer);
      const entry = kept.get(key);
      if (entry) entry.until = Date.now() + expiresIn * 1000 - margin;
      return accessToken;
    } catch (cause) {
      kept.delete(key);
      throw unavailable('legacy_exchange_unavailable', {
        detail: 'This call has no token, and none can be had for it just now. Try again shortly.',
        cause,
      });
    }
  }

  return (decision, ip) => {
    const key = `${decision.client.id} ${decision.role}`;
    const found = kept.get(key);
    if (found && Date.now() < found.until) return found.token;
    // Calls that come meanwhile wait for the same one.
    const token = exchange(key, decision, ip);
    kept.set(key, { token, until: Infinity });
    return token;
  };
}
