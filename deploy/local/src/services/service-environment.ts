import { join } from 'node:path';
import { repositoryRoot } from '../backing/cache.ts';

/** The six services, in the order their URLs are printed, with their ports under `npm start`. */
export const servicePorts = {
  'api-gateway': 8080,
  auth: 8081,
  crm: 8082,
  'calendar-sync': 8083,
  audit: 8084,
  timeline: 8085,
} as const;

export type ServiceName = keyof typeof servicePorts;
export type ServicePorts = Record<ServiceName, number>;

export const serviceNames = Object.keys(servicePorts) as ServiceName[];

const host = '127.0.0.1';

export const urlOf = (ports: ServicePorts, name: ServiceName) => `http://${host}:${ports[name]}`;

/**
 * How Node runs a service. Left alone, V8's young generation grows to 100 MB under load and the old one grows long before
 * it is collected; these bounds keep a service below 180 MB after an import of 8,800 deals (320 MB without them).
 * Compiled and type-stripped code is cached between starts.
 */
export const runtimeEnvironment = {
  NODE_OPTIONS: '--max-semi-space-size=8 --max-old-space-size=256',
  NODE_COMPILE_CACHE: join(repositoryRoot, 'node_modules/.cache/pipedesk/compiled'),
};

/** The services of this machine prove themselves to each other with it; it guards nothing that is worth more. */
const serviceSecret = 'service secret of the local stack, for no other use';

/** Demo, tests and benches send from one address what otherwise comes from many: what they measure must not be a limit. */
const roomyLimits = {
  RATE_LIMIT_IP: '1000000',
  RATE_LIMIT_AUTH: '1000000',
  RATE_LIMIT_READ: '1000000',
  RATE_LIMIT_WRITE: '1000000',
  RATE_LIMIT_BULK: '1000000',
  RATE_LIMIT_TENANT: '10000000',
  READ_LIMIT_VIEWER: '1000000',
  READ_LIMIT_SALES: '1000000',
  READ_LIMIT_MANAGER: '1000000',
  READ_LIMIT_ADMIN: '1000000',
  READ_LIMIT_TENANT: '10000000',
};

export interface EnvironmentOptions {
  ports: ServicePorts;
  mongodbUri: string;
  amqpUrl: string;
  /** Databases are `<prefix>_<service>`. */
  databasePrefix: string;
}

/** The environment one service is started with. Addresses of the others are given only to who calls them. */
export function serviceEnvironment(name: ServiceName, options: EnvironmentOptions): Record<string, string> {
  const { ports } = options;
  const own = {
    NODE_ENV: 'development',
    ...runtimeEnvironment,
    LOG_LEVEL: 'info',
    HOST: host,
    PORT: String(ports[name]),
    AUTH_JWKS_URL: `${urlOf(ports, 'auth')}/.well-known/jwks.json`,
    AUTH_ISSUER: 'pipedesk',
    AUTH_AUDIENCE: 'pipedesk',
    SERVICE_SECRET: serviceSecret,
  };
  if (name === 'api-gateway') return { ...own, ...gatewayTargets(ports), ...roomyLimits };
  return {
    ...own,
    MONGODB_URI: options.mongodbUri,
    MONGODB_DATABASE: `${options.databasePrefix}_${name.replaceAll('-', '_')}`,
    AMQP_URL: options.amqpUrl,
    // Asks crm whether a user may see the record a meeting is linked to.
    ...(name === 'calendar-sync' ? { CRM_URL: urlOf(ports, 'crm') } : {}),
    // Asks audit what a record was like at an earlier version.
    ...(name === 'crm' ? { AUDIT_URL: urlOf(ports, 'audit') } : {}),
  };
}

function gatewayTargets(ports: ServicePorts): Record<string, string> {
  return {
    AUTH_URL: urlOf(ports, 'auth'),
    CRM_URL: urlOf(ports, 'crm'),
    CALENDAR_SYNC_URL: urlOf(ports, 'calendar-sync'),
    AUDIT_URL: urlOf(ports, 'audit'),
    TIMELINE_URL: urlOf(ports, 'timeline'),
  };
}
