import type { LegacyUse } from '@pipedesk/contracts';
import {
  createReporter,
  type LegacyDecision,
  type Logger,
  type PostToAuth,
  type Registry,
} from '@pipedesk/service-kit';
import { Counter } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';

export interface LegacyUseCounts {
  /** @param route without ids, or every record would have a line on the scoreboard */
  count(decision: LegacyDecision, route: string): void;
  close(): Promise<void>;
}

interface LegacyUseOptions {
  post: PostToAuth;
  /** Seconds between two reports. */
  every: number;
  log: Logger;
  metrics: Registry;
}

/** Counts the calls of legacy clients, for the metrics and for the scoreboard that auth keeps. */
export function createLegacyUse({ post, every, log, metrics }: LegacyUseOptions): LegacyUseCounts {
  let counted = new Map<string, LegacyUse>();
  const calls = new Counter({
    name: 'pipedesk_legacy_calls_total',
    help: 'Calls of listed clients that identify themselves by x-user-role',
    labelNames: ['client', 'stage', 'outcome'] as const,
    registers: [metrics],
  });
  const take = () => {
    const taken = [...counted.values()];
    counted = new Map();
    return taken;
  };
  const send = async (uses: LegacyUse[]) => void (await post('/internal/legacy-uses', { uses }));
  const reporter = createReporter({ take, send, every, what: 'uses of legacy headers', log });

  return {
    count: ({ client: { id: clientId, tenantId }, stage, outcome }, route) => {
      calls.labels(clientId, stage, outcome).inc();
      const key = `${clientId} ${route}`;
      const use = counted.get(key) ?? startUse({ clientId, tenantId, route });
      counted.set(key, use);
      if (outcome === 'accepted') use.accepted++;
      else use.refused++;
      use.lastSeen = new Date().toISOString();
    },
    close: reporter.close,
  };
}

function startUse(of: Pick<LegacyUse, 'clientId' | 'tenantId' | 'route'>): LegacyUse {
  return { id: uuidv7(), ...of, accepted: 0, refused: 0, lastSeen: new Date().toISOString() };
}
