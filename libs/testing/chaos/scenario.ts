import type { Random } from './random.ts';
import type { ChaosStack } from './stack.ts';
import type { Writer } from './writer.ts';

export interface FaultContext {
  stack: ChaosStack;
  random: Random;
  writer: Writer;
}

/** One fault of the matrix. It leaves the stack healed. */
export interface Scenario {
  name: string;
  /** Writes must neither fail nor become slower meanwhile: only the broker or audit suffers. */
  sparesWrites?: boolean;
  /** What audit streams is looked at as well; a stream may stand still until the lease of a dead process ends. */
  streams?: boolean;
  run(context: FaultContext): Promise<void>;
}
