import { z } from 'zod';
import { armFailpoints } from './ops/failpoints.ts';

/** The environment is wrong; the message lists every problem, so that one start shows them all. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

const port = z.coerce.number().int().min(0).max(65_535);

/** Variables of every service that answers HTTP. */
export const httpEnv = {
  /** `production` refuses what is only good enough for development. */
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  /** Least important lines that are logged. */
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Address to listen on. */
  HOST: z.string().default('127.0.0.1'),
  /** Port to listen on; 0 takes a free one. */
  PORT: port,
  /** Peers whose X-Forwarded-For is believed: addresses, subnets, or Express's names `loopback`, `uniquelocal`. */
  TRUSTED_PROXIES: z.string().default('loopback'),
  /** For fault tests: where the process kills itself, and at which pass, e.g. `relay.after-confirm:3`. Not in production. */
  PIPEDESK_FAILPOINTS: z
    .string()
    .regex(/^[a-z.-]+(:[1-9]\d*)?(,[a-z.-]+(:[1-9]\d*)?)*$/, 'must look like relay.after-confirm:3')
    .optional(),
};

/** Variables of every service that keeps data. */
export const mongoEnv = {
  /** Where the database is. One that is no replica set needs `directConnection=true`. */
  MONGODB_URI: z.string().regex(/^mongodb(\+srv)?:\/\//, 'must start with mongodb:// or mongodb+srv://'),
  /** The service's own database; two services must not share one. */
  MONGODB_DATABASE: z.string().min(1).max(63),
};

/** Variables of every service on the bus. */
export const amqpEnv = {
  /** Where RabbitMQ is, with user and password; the path is the virtual host. */
  AMQP_URL: z.string().regex(/^amqps?:\/\//, 'must start with amqp:// or amqps://'),
};

/** Variables of every service that verifies access tokens. */
export const tokenEnv = {
  /** Where the public keys of the tokens are: `/.well-known/jwks.json` of auth. */
  AUTH_JWKS_URL: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }),
  /** The `iss` of our tokens; the same for every service. */
  AUTH_ISSUER: z.string().min(1),
  /** The `aud` of our tokens; the same for every service. */
  AUTH_AUDIENCE: z.string().min(1),
  /** Services prove themselves to each other with it; the same for every service. At least 32 random characters. */
  SERVICE_SECRET: z.string().min(32, 'must have at least 32 characters'),
  /** Seconds in which refused tokens are added up before they are handed to audit. */
  REFUSALS_REPORTED_EVERY: z.coerce.number().min(0.1).max(3600).default(60),
};

/**
 * Reads and checks a service's environment.
 * @throws ConfigError listing every variable that is missing or wrong
 */
export function loadConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: NodeJS.ProcessEnv = process.env,
) {
  const parsed = schema.safeParse(withoutEmpty(env));
  const problems = (parsed.error?.issues ?? []).map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  if (env['PIPEDESK_FAILPOINTS'] && env['NODE_ENV'] === 'production')
    problems.push('  PIPEDESK_FAILPOINTS: is refused in production');
  if (parsed.success && problems.length === 0) {
    armFailpoints(env['PIPEDESK_FAILPOINTS'] ?? '');
    return parsed.data;
  }
  throw new ConfigError(`The environment is not usable:\n${problems.join('\n')}`);
}

/** Runs at the top of every `main.ts`: a wrong environment ends the process with the list, not with a stack. */
export function orExit<Config>(read: () => Config): Config {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/** Compose files and shells pass unset variables as empty strings; both mean "not given". */
function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}
