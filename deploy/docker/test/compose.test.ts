import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@pipedesk/service-kit';
import { z } from 'zod';
import { configSchemaOf, exists, pathOf, readText, serviceNames } from '../src/repository.ts';
import { type ComposeFile, readCompose, requiredVariables, sampleVariables } from './compose-file.ts';

const compose = readCompose();
const services = Object.entries(compose.services);
const ours = serviceNames();

function serviceOf(name: string): ComposeFile['services'][string] {
  const service = compose.services[name];
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
}

function environmentOf(name: string): Record<string, string> {
  const entries = Object.entries(serviceOf(name).environment ?? {});
  return Object.fromEntries(entries.map(([variable, value]) => [variable, String(value)]));
}

describe('docker-compose.yml', () => {
  it('builds every service of apps/ and no other', () => {
    const built = services.filter(([, { build }]) => build).map(([name]) => name);
    expect(built.sort()).toEqual(ours.sort());
  });

  it.each(ours)('gives %s an environment that its schema accepts', async (name) => {
    const environment = environmentOf(name);
    const schema = await configSchemaOf(name);
    expect(loadConfig(schema, environment)).toMatchObject({ NODE_ENV: 'production', HOST: '0.0.0.0' });
    expect(Object.keys(environment).filter((variable) => !(variable in schema.shape))).toEqual([]);
  });

  it.each(requiredVariables())('does not start anything while %s is not set', (variable) => {
    expect(() => readCompose({ ...sampleVariables, [variable]: '' })).toThrow(variable);
  });

  it('lets local tooling start database and broker with the variables it has', async () => {
    const module: unknown = await import(pathOf('deploy/local/src/provision/docker.ts'));
    const { composeVariables } = z
      .object({ composeVariables: z.record(z.string(), z.string()) })
      .parse(module);
    expect(() => readCompose(composeVariables)).not.toThrow();
  });

  it.each(requiredVariables())('requires %s, as README and configuration say', (variable) => {
    expect(readText('README.md')).toContain(`\n${variable}=$(openssl`);
    expect(readText('docs/configuration.md')).toMatch(
      new RegExp(`^\\| \`${variable}\` .* required \\|$`, 'm'),
    );
  });

  it('asks for every secret and has none written down', () => {
    expect(requiredVariables().sort()).toEqual(Object.keys(sampleVariables).sort());
    const secrets = services.flatMap(([, { environment = {} }]) =>
      Object.entries(environment).filter(([name]) => /SECRET|PASSWORD/.test(name)),
    );
    // Sign-in with Google is optional, and off without its secret.
    const asked = secrets.filter(([name, value]) => name !== 'GOOGLE_CLIENT_SECRET' || value !== '');
    expect(Object.values(sampleVariables)).toEqual(expect.arrayContaining(asked.map(([, value]) => value)));
  });

  it('gives each service that keeps data a database of its own', () => {
    const databases = ours.flatMap((name) => environmentOf(name)['MONGODB_DATABASE'] ?? []);
    expect(new Set(databases).size).toBe(databases.length);
    expect(databases).toHaveLength(ours.length - 1);
  });

  it('names only hosts and ports that are there, on a network the service is on', () => {
    for (const name of ours) {
      const urls = Object.values(environmentOf(name)).filter((value) => /^\w+:\/\//.test(value));
      for (const url of urls) {
        const { hostname, port } = new URL(url);
        const target = serviceOf(hostname);
        expect(target.networks.some((network) => serviceOf(name).networks.includes(network))).toBe(true);
        if (ours.includes(hostname)) expect(port).toBe(environmentOf(hostname)['PORT']);
      }
    }
  });

  it('keeps the gateway away from database and broker', () => {
    expect(serviceOf('api-gateway').networks).toEqual(['services']);
    expect(serviceOf('mongo').networks).toEqual(['stores']);
    expect(serviceOf('rabbitmq').networks).toEqual(['stores']);
  });

  it('publishes only gateway, Prometheus and Grafana, and only to this machine', () => {
    const published = services.filter(([, { ports }]) => ports);
    expect(published.map(([name]) => name).sort()).toEqual(['api-gateway', 'grafana', 'prometheus']);
    for (const [, { ports = [] }] of published)
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it.each(ours)(
    'runs %s without rights it does not need, and waits longer for its end than it takes',
    (name) => {
      const service = serviceOf(name);
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      expect(Number.parseInt(service.stop_grace_period ?? '0')).toBeGreaterThan(30);
    },
  );

  it('starts what a service depends on first, and in no circle', () => {
    const before = (name: string): string[] => Object.keys(serviceOf(name).depends_on ?? {});
    const reach = (name: string, path: string[]): string[] => {
      if (path.includes(name)) throw new Error(`circle: ${[...path, name].join(' -> ')}`);
      return before(name).flatMap((next) => [next, ...reach(next, [...path, name])]);
    };
    expect(reach('api-gateway', [])).toEqual(
      expect.arrayContaining(['mongo', 'rabbitmq', 'auth', 'crm', 'timeline']),
    );
    for (const [name] of services) reach(name, []);
  });

  it('names the replica set and its member alike in server, health check and clients', () => {
    const script = readText('deploy/mongo/replica-set.js');
    const { searchParams, host } = new URL(environmentOf('crm')['MONGODB_URI'] ?? '');
    const name = searchParams.get('replicaSet') ?? '';
    expect(serviceOf('mongo').command?.join(' ')).toContain(`--replSet ${name} `);
    expect(script).toContain(`_id: '${name}', members: [{ _id: 0, host: '${host}' }]`);
  });

  it('refers to networks, volumes, configs and files that exist', () => {
    for (const [, service] of services) {
      for (const network of service.networks) expect(compose.networks).toHaveProperty([network]);
      for (const { source } of service.configs ?? []) expect(compose.configs).toHaveProperty([source]);
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('./'))
          expect({ source, exists: exists(source) }).toEqual({ source, exists: true });
        else expect(compose.volumes).toHaveProperty([source]);
      }
      if (service.build) expect(exists(service.build.dockerfile)).toBe(true);
    }
  });

  it('gives the broker the password its clients use', () => {
    const { users } = JSON.parse(compose.configs['rabbitmq-password']?.content ?? '') as {
      users: { name: string; password: string }[];
    };
    const { username, password } = new URL(environmentOf('crm')['AMQP_URL'] ?? '');
    expect(users).toMatchObject([{ name: username, password }]);
    const { users: local } = JSON.parse(readText('deploy/rabbitmq/definitions.json')) as {
      users: { name: string }[];
    };
    expect(local.map(({ name }) => name)).toEqual([username]);
  });
});
