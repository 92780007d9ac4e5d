/** Where progress goes: one finished line at a time. */
export type Report = (line: string) => void;

export interface Step {
  /** Says how far the step is; repeated sayings within a few seconds are dropped. */
  update(detail: string): void;
  done(detail?: string): void;
}

const quietFor = 3_000;

/**
 * Reports steps with the seconds since the first one began.
 * @param clock milliseconds, for tests
 */
export function createProgress(report: Report, clock: () => number = Date.now) {
  const began = clock();
  const say = (text: string) =>
    report(`[${String(Math.round((clock() - began) / 1000)).padStart(3)} s] ${text}`);

  return {
    say,
    step(label: string): Step {
      let lastSaid = clock();
      say(label);
      return {
        update(detail) {
          if (clock() - lastSaid < quietFor) return;
          lastSaid = clock();
          say(`${label}: ${detail}`);
        },
        done: (detail) => say(`${label}: ${detail ?? 'done'}`),
      };
    },
  };
}

export type Progress = ReturnType<typeof createProgress>;

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
