import type { BackingServices } from '../backing/backing-services.ts';
import type { RunningServices } from '../services/start-services.ts';

export interface BenchStack {
  backing: BackingServices;
  services: RunningServices;
  /** How many records a bench of a long history fills it with. */
  records: number;
  say: (line: string) => void;
}

/** Measures something on a running stack and prints it. */
export type Bench = (stack: BenchStack) => Promise<void>;
