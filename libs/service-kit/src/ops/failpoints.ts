/** How many more times each armed point is passed before the process dies there. */
const remaining = new Map<string, number>();

/**
 * Arms failpoints: `relay.after-confirm:3,outbox.after-write` kills the process the third time it comes by the one, the
 * first time by the other. For fault tests; the configuration refuses it in production.
 */
export function armFailpoints(text: string): void {
  remaining.clear();
  for (const part of text.split(',')) {
    const [name = '', count = '1'] = part.trim().split(':');
    if (name !== '') remaining.set(name, Number(count));
  }
}

/** A place where a fault test can have the process die, as by a power cut. Costs one look at an empty map. */
export function failpoint(name: string): void {
  if (remaining.size === 0) return;
  const left = remaining.get(name);
  if (left === undefined) return;
  remaining.set(name, left - 1);
  if (left === 1) process.kill(process.pid, 'SIGKILL');
}
