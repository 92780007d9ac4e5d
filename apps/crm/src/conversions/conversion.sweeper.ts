import { type Logger, ProblemError } from '@pipedesk/service-kit';
import type { Claim, ConversionClaims } from './conversion.claims.ts';
import type { ConversionSteps } from './conversion.steps.ts';

interface SweeperDeps {
  claims: ConversionClaims;
  workOff: ConversionSteps;
  log: Logger;
  /** How often to look for what a crash has left, ms. */
  lookEvery?: number;
}

export interface ConversionSweeper {
  /** Ends after the conversion at hand. */
  close(): Promise<void>;
}

/** Carries out what was claimed and left half-done, though nobody asks again. */
export function createConversionSweeper({
  claims,
  workOff,
  log,
  lookEvery = 5_000,
}: SweeperDeps): ConversionSweeper {
  let working: Promise<void> | undefined;

  async function sweep(): Promise<void> {
    for (let claim = await claims.takeAbandoned(); claim; claim = await claims.takeAbandoned())
      await resume(claim);
  }

  async function resume(claim: Claim): Promise<void> {
    try {
      await workOff(claim);
      log.info({ leadId: claim._id }, 'a conversion that was cut off has been carried out');
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status !== 404) throw error;
      await claims.drop(claim._id);
      log.warn({ leadId: claim._id }, 'a conversion was cut off and its lead deleted; it is given up');
    }
  }

  const timer = setInterval(() => {
    working ??= sweep()
      .catch((error: unknown) => {
        log.warn({ err: error }, 'conversions cannot go on just now');
      })
      .finally(() => (working = undefined));
  }, lookEvery);
  return {
    close: async () => {
      clearInterval(timer);
      await working;
    },
  };
}
