import { parse } from 'yaml';
import { z } from 'zod';
import { readText } from '../src/repository.ts';

/*
 * The part of the Compose specification (compose-spec.io) that docker-compose.yml uses, strictly: a misspelt or misplaced
 * key fails here, where no Docker is at hand to refuse it.
 */
const duration = z.string().regex(/^(\d+(ms|s|m|h))+$/);
const scalar = z.union([z.string(), z.number()]);
const dependency = z.strictObject({ condition: z.literal('service_healthy') });

const healthcheckSchema = z.strictObject({
  test: z.tuple([z.literal('CMD')], z.string()),
  interval: duration,
  timeout: duration,
  retries: z.int().min(1),
  start_period: duration,
  start_interval: duration,
});

const limits = z.strictObject({
  cpus: z.string().regex(/^\d+(\.\d+)?$/),
  memory: z.string().regex(/^\d+[MG]$/),
  pids: z.int().optional(),
});

const serviceSchema = z.strictObject({
  image: z.string(),
  build: z
    .strictObject({ context: z.string(), dockerfile: z.string(), args: z.record(z.string(), z.string()) })
    .optional(),
  command: z.array(z.string()).optional(),
  hostname: z.string().optional(),
  environment: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), scalar).optional(),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string().regex(/^[^:]+:\/[^:]+(:ro)?$/)).optional(),
  configs: z.array(z.strictObject({ source: z.string(), target: z.string() })).optional(),
  networks: z.array(z.string()),
  depends_on: z.record(z.string(), dependency).optional(),
  healthcheck: healthcheckSchema,
  restart: z.literal('unless-stopped'),
  stop_grace_period: duration.optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.array(z.string()).optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  deploy: z.strictObject({ resources: z.strictObject({ limits }) }),
});

const composeSchema = z
  .strictObject({
    name: z.string(),
    services: z.record(z.string(), serviceSchema),
    networks: z.record(z.string(), z.strictObject({})),
    volumes: z.record(z.string(), z.strictObject({})),
    configs: z.record(z.string(), z.strictObject({ content: z.string() })),
  })
  .catchall(z.unknown());

export type ComposeFile = z.infer<typeof composeSchema>;

/** Something acceptable for every variable that docker-compose.yml requires. */
export const sampleVariables = {
  AUTH_KEY_SECRET: Buffer.alloc(32, 7).toString('base64'),
  AUDIT_KEY_SECRET: Buffer.alloc(32, 8).toString('base64'),
  SERVICE_SECRET: 'service-secret-of-32-characters-or-more',
  RABBITMQ_PASSWORD: 'broker-password',
  GRAFANA_ADMIN_PASSWORD: 'grafana-password',
};

/** Reads docker-compose.yml as Compose would with these variables set. @throws naming the variable that is required */
export function readCompose(variables: Record<string, string> = sampleVariables): ComposeFile {
  const document: unknown = parse(readText('docker-compose.yml'), { merge: true });
  const file = interpolate(document, variables);
  const unknown = Object.keys(file as object).filter(
    (key) => !(key in composeSchema.shape) && !key.startsWith('x-'),
  );
  if (unknown.length > 0) throw new Error(`Compose knows no top-level ${unknown.join(', ')}`);
  return composeSchema.parse(file);
}

/** The variables that docker-compose.yml refuses to do without. */
export function requiredVariables(): string[] {
  return [
    ...new Set([...readText('docker-compose.yml').matchAll(/\$\{(\w+):\?/g)].map(([, name = '']) => name)),
  ];
}

/** `${A}`, `${A:-default}`, `${A:?message}` in every value (not in keys), as the specification has it. */
function interpolate(node: unknown, variables: Record<string, string>): unknown {
  if (typeof node === 'string') return interpolateText(node, variables);
  if (Array.isArray(node)) return node.map((item) => interpolate(item, variables));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, interpolate(value, variables)]));
}

function interpolateText(text: string, variables: Record<string, string>): string {
  const replaced = text.replaceAll(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_, name: string, kind: string, rest: string) => {
      const value = variables[name];
      if (value) return value;
      if (kind === '?') throw new Error(`${name}: ${rest}`);
      if (kind === '-') return rest;
      throw new Error(`${name} has neither a default nor a message`);
    },
  );
  if (replaced.includes('$')) throw new Error(`cannot interpolate ${text}`);
  return replaced;
}
