import type { Logger, OpenApiDocument } from '@pipedesk/service-kit';
import { z } from 'zod';
import { destinationOf, type ServiceName, serviceNames, type ServiceUrls } from '../edge/services.ts';

const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()).default({}) }),
});
type ServiceDocument = z.output<typeof documentSchema>;

/** The gateway's document also says what is missing from it. */
export type MergedDocument = OpenApiDocument & { info: { description: string } };

interface MergeOptions {
  services: ServiceUrls;
  /** The gateway's own routes; they win over a service's route of the same path. */
  own: OpenApiDocument;
  log: Logger;
  /** How long a merged document is served, ms. */
  maxAge?: number;
}

const fetchTimeout = 2_000;

/** One description of everything the gateway answers. A service that cannot be asked is named and left out. */
export function createMergedOpenApi({ services, own, log, maxAge = 30_000 }: MergeOptions) {
  let merged: Promise<MergedDocument> | undefined;
  let mergedAt = -Infinity;

  async function merge(): Promise<MergedDocument> {
    const documents = await Promise.all(
      serviceNames.map(
        async (name) => [name, await fetchDocument(services[name]).catch(warn(name))] as const,
      ),
    );
    const missing = documents.flatMap(([name, document]) => (document ? [] : [name]));
    const found = documents.flatMap(([name, document]) => (document ? [[name, document] as const] : []));
    return {
      ...own,
      info: { title: 'PipeDesk', version: '1.0.0', description: descriptionOf(missing) },
      paths: { ...joined(found.map(([name, document]) => reachable(name, document))), ...own.paths },
      components: {
        ...own.components,
        schemas: {
          ...joined(found.map(([, { components }]) => components.schemas)),
          ...own.components.schemas,
        },
      },
    };
  }

  function warn(service: ServiceName) {
    return (error: unknown) => {
      log.warn({ err: error, service }, 'no OpenAPI document');
      return undefined;
    };
  }

  return (): Promise<MergedDocument> => {
    if (merged && Date.now() - mergedAt < maxAge) return merged;
    mergedAt = Date.now();
    merged = merge();
    return merged;
  };
}

function joined<Value>(parts: Record<string, Value>[]): Record<string, Value> {
  return Object.fromEntries(parts.flatMap((part) => Object.entries(part)));
}

async function fetchDocument(url: string): Promise<ServiceDocument> {
  const response = await fetch(new URL('/openapi.json', url), { signal: AbortSignal.timeout(fetchTimeout) });
  if (!response.ok) throw new Error(`answered ${response.status}`);
  return documentSchema.parse(await response.json());
}

/** Only what the gateway sends to this very service; `/internal` and the like stay out by themselves. */
function reachable(service: ServiceName, { paths }: ServiceDocument): OpenApiDocument['paths'] {
  return Object.fromEntries(
    Object.entries(paths).filter(([path]) => destinationOf(path)?.service === service),
  );
}

function descriptionOf(missing: ServiceName[]): string {
  const all =
    'Every call through the gateway. Log in at `POST /auth/login` and send the token as `Authorization: Bearer`.';
  return missing.length === 0
    ? all
    : `${all}\n\nNot reachable just now, and missing below: ${missing.join(', ')}.`;
}
