import { z } from 'zod';

const schema = z.object({
  DOCUMENTDB_GATEWAY_HOST: z.string().min(1).default('127.0.0.1'),
  DOCUMENTDB_GATEWAY_PORT: z.coerce.number().int().min(0).max(65_535).default(27_017),
  DOCUMENTDB_GATEWAY_POOL: z.coerce.number().int().min(1).max(500).default(16),
  PGHOST: z.string().min(1).default('127.0.0.1'),
  PGPORT: z.coerce.number().int().min(1).max(65_535).default(5432),
  PGUSER: z.string().min(1).default('postgres'),
  PGDATABASE: z.string().min(1).default('postgres'),
  PGPASSWORD: z.string().optional(),
});

export type Config = z.infer<typeof schema>;

/**
 * The gateway's settings from the environment.
 * @throws Error naming every variable that is wrong
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const result = schema.safeParse(environment);
  if (!result.success) throw new Error(`configuration: ${z.prettifyError(result.error)}`);
  return result.data;
}
