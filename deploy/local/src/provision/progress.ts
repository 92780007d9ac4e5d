/** Where progress goes: one finished line at a time. */
export type Report = (line: string) => void;

export interface Step {
  /** Says how far the step is; repeated sayings within a few seconds are dropped. */
  update(detail: string): void;
  done(): void;
}

const quietFor = 5_000;

/** Puts the seconds since now before each line. @param clock milliseconds, for tests */
export function withElapsed(report: Report, clock: () => number = Date.now): Report {
  const began = clock();
  return (line) => report(`[${String(Math.round((clock() - began) / 1000)).padStart(3)} s] ${line}`);
}

/** Reports the beginning of a step, now and then how far it is, and its end. @param clock milliseconds, for tests */
export function beginStep(label: string, report: Report, clock: () => number = Date.now): Step {
  let lastSaid = clock();
  report(label);
  return {
    update(detail) {
      if (clock() - lastSaid < quietFor) return;
      lastSaid = clock();
      report(`${label}: ${detail}`);
    },
    done: () => report(`${label}: done`),
  };
}

/** One line of apt's machine-readable progress (`APT::Status-Fd`), in words; undefined for lines that say nothing new. */
export function describeAptStatus(line: string): string | undefined {
  const [kind, , percent] = line.split(':');
  if (percent === undefined || Number.isNaN(Number(percent))) return undefined;
  if (kind === 'dlstatus') return `downloading ${Math.round(Number(percent))} %`;
  if (kind === 'pmstatus') return `installing ${Math.round(Number(percent))} %`;
  return undefined;
}

/** Counts what debootstrap does from its own log lines. */
export function createDebootstrapReader(): (line: string) => string | undefined {
  const counts: Record<string, number> = {};
  return (line) => {
    const verb = /^I: (Retrieving|Extracting|Unpacking|Configuring) /.exec(line)?.[1];
    if (!verb) return undefined;
    counts[verb] = (counts[verb] ?? 0) + 1;
    return `${verb.toLowerCase()} packages (${counts[verb]})`;
  };
}
