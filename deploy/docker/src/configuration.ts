import { z } from 'zod';
import { configSchemaOf, readText, serviceNames } from './repository.ts';

interface Variable {
  name: string;
  services: string[];
  default: string;
  values: string;
  meaning: string;
}

const intro = `# Configuration

Every service reads its environment once, at its start, and ends with a list of everything that is missing or wrong. An
empty variable counts as not given. \`npm start\` and \`docker-compose.yml\` set all of them; the compose file asks for what it
cannot know.

Generated from the services' schemas (\`apps/*/src/config.ts\`) by \`npm run configuration --workspace=deploy/docker\`.
`;

const compose = `
## docker-compose.yml

| Variable | Meaning | Default |
| --- | --- | --- |
| \`AUTH_KEY_SECRET\` | As above. Whoever has it and the database can sign tokens; without it every session ends. | required |
| \`AUDIT_KEY_SECRET\` | As above. Whoever has it and the database can sign audit trails; without it a new key is made and the old ones have to be named in \`AUDIT_TRUSTED_KEYS\`. | required |
| \`SERVICE_SECRET\` | As above. Whoever has it can ask auth what services ask. | required |
| \`RABBITMQ_PASSWORD\` | Password of the user \`pipedesk\`. Letters, digits, \`-\` and \`_\`: it becomes part of a URL. | required |
| \`GRAFANA_ADMIN_PASSWORD\` | Password of Grafana's user \`admin\`, set at its first start. | required |
| \`GATEWAY_TRUSTED_PROXIES\` | \`TRUSTED_PROXIES\` of the gateway: the address of the TLS terminator before it. | \`none\` |
| \`CORS_ORIGINS\`, \`LOG_LEVEL\`, \`SMTP_URL\`, \`MAIL_FROM\`, \`APP_URL\` | As above. | as above |
| \`LEGACY_SUNSET\`, \`LEGACY_STAGES\`, \`LEGACY_CLIENTS\` | As above, for gateway and auth alike. | none |
| \`GOOGLE_CLIENT_ID\`, \`GOOGLE_CLIENT_SECRET\`, \`GOOGLE_REDIRECT_URI\` | As above, all three or none. | none |
| \`GOOGLE_RETURN_URL\` | As above. | none |
| \`PIPEDESK_PORT\`, \`PROMETHEUS_PORT\`, \`GRAFANA_PORT\` | Ports on 127.0.0.1. | \`8080\`, \`9090\`, \`3000\` |
`;

/** The text of docs/configuration.md. */
export async function renderConfiguration(): Promise<string> {
  const variables = await collectVariables();
  const all = serviceNames().length;
  const rows = variables.map((variable) => {
    const services = variable.services.length === all ? 'all' : variable.services.join(', ');
    return `| \`${variable.name}\` | ${services} | ${variable.meaning} | ${variable.values} | ${variable.default} |`;
  });
  const head =
    '\n## Services\n\n| Variable | Services | Meaning | Values | Default |\n| --- | --- | --- | --- | --- |\n';
  return `${intro}${head}${rows.join('\n')}\n${compose}`;
}

/** One entry per variable and meaning: the gateway's `TRUSTED_PROXIES` has another default than the others'. */
async function collectVariables(): Promise<Variable[]> {
  const found = new Map<string, Variable>();
  for (const service of serviceNames()) {
    const schema = await configSchemaOf(service);
    const { required = [], properties = {} } = z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
    });
    for (const [name, property] of Object.entries(properties)) {
      if (typeof property === 'boolean') continue;
      const variable = {
        name,
        services: [service],
        default: required.includes(name) ? 'required' : defaultOf(property),
        values: valuesOf(property),
        meaning: meaningOf(name, service),
      };
      const key = JSON.stringify({ ...variable, services: undefined });
      const known = found.get(key);
      if (known) known.services.push(service);
      else found.set(key, variable);
    }
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

type Property = z.core.JSONSchema.BaseSchema;

function defaultOf({ default: value }: Property): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text === '') return 'none';
  // A generated value says nothing to a reader, and a page is no place for anything that looks like a key.
  return text.length > 32 ? 'built in, for development' : `\`${text}\``;
}

function valuesOf({ enum: choices, type, minimum, maximum, pattern, format }: Property): string {
  if (choices) return choices.map((choice) => `\`${String(choice)}\``).join(' ');
  if (type === 'integer' || type === 'number') return `${minimum} to ${maximum}`;
  if (format) return format === 'uri' ? 'URL' : format;
  return pattern ? `\`${pattern.replaceAll('|', '\\|').replaceAll('\\/', '/')}\`` : 'text';
}

/** The comment above the variable: the service's own, else the one it shares. */
function meaningOf(name: string, service: string): string {
  const sources = [
    `apps/${service}/src/config.ts`,
    'libs/service-kit/src/config.ts',
    'libs/service-kit/src/legacy/legacy-config.ts',
    'apps/auth/src/google/google-config.ts',
  ].map(readText);
  // Not across the end of a comment, so that it is the nearest one before the name.
  const comment = new RegExp(String.raw`/\*\*((?:(?!\*/)[\s\S])*)\*/\s+${name}:`);
  const found = sources.map((source) => comment.exec(source)?.[1]).find((text) => text !== undefined);
  const target = serviceNames().find((other) => name === `${other.replaceAll('-', '_').toUpperCase()}_URL`);
  if (found === undefined && target) return `Base URL of ${target}.`;
  if (found === undefined) throw new Error(`${name} of ${service} has no comment that says what it is.`);
  return found
    .replaceAll(/\s*\n\s*\*\s?/g, ' ')
    .replaceAll('|', '\\|')
    .trim();
}
