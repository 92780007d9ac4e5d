import type { Logger } from '../logger.ts';

const forceQuitAfter = 30_000;

/** Shutdown in the order its steps were given; stops on SIGTERM and SIGINT. */
export interface Lifecycle {
  /** Steps run in the order in which they were added: HTTP, consumers, relay, broker, database. */
  onShutdown(name: string, step: () => Promise<unknown> | void): void;
  isShuttingDown(): boolean;
  shutdown(reason: string): Promise<void>;
}

export function createLifecycle(log: Logger): Lifecycle {
  const steps: { name: string; step: () => Promise<unknown> | void }[] = [];
  let stopping: Promise<void> | undefined;

  async function runSteps(reason: string): Promise<void> {
    log.info({ reason }, 'shutting down');
    for (const { name, step } of steps) {
      try {
        await step();
      } catch (error) {
        // A step that fails must not keep the ones behind it from running.
        log.error({ err: error, step: name }, 'shutdown step failed');
      }
    }
    log.info('shut down');
  }

  return {
    onShutdown: (name, step) => void steps.push({ name, step }),
    isShuttingDown: () => stopping !== undefined,
    shutdown: (reason) => (stopping ??= runSteps(reason)),
  };
}

/**
 * Runs a service as a process: starts it, stops it in order on a signal, and ends by force when that takes too long.
 * A start that fails, or a defect nobody caught, ends the process with exit code 1 and one log line.
 */
export function runProcess(log: Logger, lifecycle: Lifecycle, start: () => Promise<void>): void {
  const end = (reason: string, exitCode: number) => {
    setTimeout(() => process.exit(exitCode || 1), forceQuitAfter).unref();
    void lifecycle.shutdown(reason).then(() => process.exit(exitCode));
  };
  const fail = (error: unknown, what: string) => {
    log.fatal({ err: error }, what);
    end(what, 1);
  };
  process.once('SIGTERM', () => {
    end('SIGTERM', 0);
  });
  process.once('SIGINT', () => {
    end('SIGINT', 0);
  });
  process.on('uncaughtException', (error) => {
    fail(error, 'uncaught exception');
  });
  start().catch((error: unknown) => {
    fail(error, 'start failed');
  });
}
