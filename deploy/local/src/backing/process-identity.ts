import { readdirSync, readFileSync } from 'node:fs';

/**
 * Names one process for good. A pid alone does not: the kernel hands it out again. Together with the start time
 * (clock ticks since boot) and the boot it belongs to, it cannot be mistaken for a later process.
 */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of `/proc/<pid>/stat`; absent on systems without `/proc`. */
  startTime?: string | undefined;
  bootId?: string | undefined;
}

interface ProcessStatus {
  ppid: number;
  state: string;
  startTime: string;
}

/** Reads `/proc/<pid>/stat`. The command name may itself hold spaces and parentheses, so fields count from the last `)`. */
export function parseStat(stat: string): ProcessStatus {
  const [state, ppid, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: state ?? '', ppid: Number(ppid), startTime: rest[17] ?? '' };
}

function readStatus(pid: number | string): ProcessStatus | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

function currentBoot(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Identifies a process that is running now. */
export function identify(pid: number): ProcessIdentity {
  return { pid, startTime: readStatus(pid)?.startTime, bootId: currentBoot() };
}

/** True while exactly that process runs; false for a zombie, for a recycled pid and after a reboot. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.startTime === undefined) return answersSignals(identity.pid);
  const status = readStatus(identity.pid);
  if (!status || status.state === 'Z' || status.state === 'X') return false;
  return status.startTime === identity.startTime && identity.bootId === currentBoot();
}

/** True once all of a process stands still after SIGSTOP, which reaches its threads one by one; true as well for one that is gone. */
export function isStopped(identity: ProcessIdentity): boolean {
  return !isAlive(identity) || threadsOf(identity.pid).every((state) => state === 'T');
}

/** The states of a process's threads; none on systems without `/proc`. */
function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(
      (thread) => readStatus(`${pid}/task/${thread}`)?.state ?? 'T',
    );
  } catch {
    return [];
  }
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Every descendant of a process, nearest first. PostgreSQL's workers and Erlang's helpers open sessions of their own,
 * so a signal to the process group does not reach them.
 */
export function descendants(pid: number): ProcessIdentity[] {
  const children = new Map<number, number[]>();
  for (const entry of readProcesses()) {
    const ppid = readStatus(entry)?.ppid;
    if (ppid !== undefined) children.set(ppid, [...(children.get(ppid) ?? []), entry]);
  }
  const found: number[] = [];
  for (
    let next = children.get(pid) ?? [];
    next.length > 0;
    next = next.flatMap((child) => children.get(child) ?? [])
  ) {
    found.push(...next);
  }
  return found.map(identify);
}

function readProcesses(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Signals a process if it is still the one that was identified; one that is gone is not an error. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
