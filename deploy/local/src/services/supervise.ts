import type { Child } from '../backing/child.ts';
import type { Report } from '../provision/progress.ts';

const firstPause = 500;
const longestPause = 30_000;
const calmAfter = 60_000;

/** How long to wait before the next restart: doubling, and from the start again after a minute without a crash. */
export function nextPause(previous: number | undefined, sinceLastCrash: number): number {
  if (previous === undefined || sinceLastCrash > calmAfter) return firstPause;
  return Math.min(previous * 2, longestPause);
}

type Restartable = Pick<Child, 'name' | 'logFile' | 'isWanted' | 'onCrash'> & {
  start(): void | Promise<void>;
};

/** From now on: when the process ends although nobody asked it to, say so and start it again after a pause. */
export function supervise(process: Restartable, report: Report): void {
  let pause: number | undefined;
  let lastCrash = 0;
  process.onCrash((how) => {
    pause = nextPause(pause, Date.now() - lastCrash);
    lastCrash = Date.now();
    report(
      `${process.name} ended ${how}; it is started again in ${pause / 1000} s (log: ${process.logFile})`,
    );
    // Unreferenced: a restart that is due must not keep the program alive when it is stopping.
    setTimeout(() => void restart(process, report), pause).unref();
  });
}

async function restart(process: Restartable, report: Report): Promise<void> {
  if (!process.isWanted()) return;
  try {
    await process.start();
    report(`${process.name} was started again`);
  } catch (error) {
    report(
      `${process.name} could not be started again: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
