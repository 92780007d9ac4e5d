import { createLegacyPolicy, type LegacyConfig, type Route } from '@pipedesk/service-kit';
import type { StoreDeps } from '../store-deps.ts';
import type { TokenIssuer } from '../tokens/token-issuer.ts';
import { createLegacyAccessRepository } from './legacy-access.model.ts';
import { createLegacyUseStore } from './legacy-use.model.ts';
import { legacyRoutes } from './legacy.routes.ts';
import { createLegacyService } from './legacy.service.ts';

interface LegacyDeps {
  /** Who is still believed by headers; nobody unless told. */
  config: LegacyConfig | undefined;
  store: StoreDeps;
  tokens: TokenIssuer;
  clock: () => Date;
}

const nobodyByHeaders: LegacyConfig = { LEGACY_STAGES: [], LEGACY_CLIENTS: [], LEGACY_GUIDE_URL: '/docs' };

/** Everything about callers of before there were tokens. */
export function createLegacyRoutes({ config, store, tokens, clock }: LegacyDeps): Route[] {
  const service = createLegacyService({
    policy: createLegacyPolicy(config ?? nobodyByHeaders),
    accesses: createLegacyAccessRepository(store),
    uses: createLegacyUseStore(store.connection),
    tokens,
    clock,
  });
  return legacyRoutes(service);
}
