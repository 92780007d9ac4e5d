/**
 * Turns Ctrl-C and its relatives into one abort. The same Ctrl-C can arrive several times (from the terminal and passed
 * on by npm), so repeats within two seconds are ignored; a later one ends the program at once.
 * @returns a signal that aborts with the name of what arrived
 */
export function watchInterrupts(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (!controller.signal.aborted) {
        first = Date.now();
        controller.abort(name);
      } else if (Date.now() - first > 2_000) {
        process.exit(130);
      }
    });
  }
  return controller.signal;
}
