import type { Registry } from '@pipedesk/service-kit';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';

const root = join(import.meta.dirname, '..', '..', '..');

/** Absolute path of a file of the repository. */
export const pathOf = (...parts: string[]): string => join(root, ...parts);

export const readText = (path: string): string => readFileSync(pathOf(path), 'utf8');

export const exists = (path: string): boolean => existsSync(pathOf(path));

/** The folders of `apps/` that are services. */
export function serviceNames(): string[] {
  return readdirSync(pathOf('apps')).filter((name) => exists(`apps/${name}/package.json`));
}

/**
 * The schema of a service's environment, as its `config.ts` exports it. Imported by a computed path: nothing of the
 * deployment depends on a service's code, it only compares itself with it.
 */
export async function configSchemaOf(service: string): Promise<z.ZodObject> {
  const module = (await import(pathOf('apps', service, 'src/config.ts'))) as { configSchema: z.ZodObject };
  return module.configSchema;
}

/** Makes the metrics of audit's streams, retention and removals in a registry; imported in the same way. */
export async function auditMetricsOf(registry: Registry): Promise<void> {
  const streams = (await import(pathOf('apps/audit/src/streams/stream-metrics.ts'))) as {
    createStreamMetrics: (registry: Registry, failingSince: () => Promise<null>) => unknown;
  };
  const retention = (await import(pathOf('apps/audit/src/retention/retention-metrics.ts'))) as {
    createRetentionMetrics: (registry: Registry) => unknown;
  };
  const removals = (await import(pathOf('apps/audit/src/removals/removal-metrics.ts'))) as {
    createRemovalMetrics: (
      registry: Registry,
      underway: () => Promise<{ count: number; since: null }>,
    ) => unknown;
  };
  streams.createStreamMetrics(registry, () => Promise.resolve(null));
  retention.createRetentionMetrics(registry);
  removals.createRemovalMetrics(registry, () => Promise.resolve({ count: 0, since: null }));
}
