import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isGrantable, masks, type Permission, type Role, scopeOf } from '@pipedesk/contracts';
import { repositoryRoot, serviceNames } from '@pipedesk/local';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attacks, provenElsewhere } from './security/attacks.ts';
import { documentOf } from './security/document.ts';
import { createForge, type Forge, keySecret } from './security/forge.ts';
import {
  knownRoutes,
  registeredRoutes,
  type RouteDeclaration,
  type TriedRow,
  tryAll,
} from './security/matrix.ts';
import { openRows, relations, roleOrder } from './security/reference.ts';
import { reportedEvery } from './security/refusals.ts';
import { createWorld, type World } from './security/world.ts';

/** Thousands of requests of one address in a minute are the point here; the limits have tests of their own. */
const limits = ['IP', 'AUTH', 'READ', 'WRITE', 'BULK', 'TENANT'];
const withoutLimits = Object.fromEntries(limits.map((name) => [`RATE_LIMIT_${name}`, '0']));

let world: World;
let forge: Forge;
let tried: TriedRow[];
let registered: Map<string, RouteDeclaration>;

beforeAll(async () => {
  world = await createWorld({
    AUTH_KEY_SECRET: keySecret.toString('base64'),
    REFUSALS_REPORTED_EVERY: String(reportedEvery),
    ...withoutLimits,
  });
  forge = await createForge(world);
  registered = await registeredRoutes(world, serviceNames);
  tried = await tryAll(world, new Set(registered.keys()));
}, 180_000);
afterAll(() => world?.close(), 60_000);

const committed = 'docs/security-matrix.md';
/** Records with masked fields are behind these; the gateway shows what services have masked. */
const masked = /^(?:leads|deals|companies|contacts|calendar|timeline|audit):/;
const maskedRoles = new Set(Object.values(masks).flatMap((byRole) => Object.keys(byRole) as Role[]));

/** May a role that some fields are masked for, or somebody of it by a grant, read what the permission is for? */
function isForMaskedRoles(permission: string): boolean {
  if (!masked.test(permission)) return false;
  const known = permission as Permission;
  return isGrantable(known) || [...maskedRoles].some((role) => scopeOf(role, known));
}

describe('every route', () => {
  it('of every service is in the reference, and there with what it declares', () => {
    expect([...registered.keys()].filter((route) => !knownRoutes().has(route))).toEqual([]);
    const open = new Map(openRows.map(({ door, route, access }) => [`${door} ${route}`, access as string]));
    for (const [route, { 'x-permission': permission }] of registered)
      if (['public', 'services'].includes(permission) || open.has(route))
        expect({ route, permission }).toEqual({ route, permission: open.get(route) });
  });

  it('that answers records with masked fields says what it shows', () => {
    const silent = [...registered].filter(
      ([route, declaration]) =>
        isForMaskedRoles(declaration['x-permission']) &&
        !/ DELETE |^api-gateway /.test(route) &&
        !declaration['x-shows'],
    );
    expect(silent.map(([route]) => route)).toEqual([]);
  });

  it('answers by the reference, at the service and at the gateway, to every role on every record', () => {
    const wrong = tried.flatMap(({ row: { route }, door, cells }) =>
      roleOrder.flatMap((role) =>
        cells[role].flatMap((cell, index) =>
          cell && cell.expected !== cell.observed
            ? [{ door, route, role, record: relations[index], ...cell }]
            : [],
        ),
      ),
    );
    expect(wrong).toEqual([]);
    expect(tried.length).toBeGreaterThan(80);
  });

  it('without a user answers whom it is for, and no user', async () => {
    for (const { route, door, status } of openRows.filter((each) =>
      registered.has(`${each.door} ${each.route}`),
    )) {
      const [method = '', path = ''] = route.split(' ');
      const sent = { method, path, ...(method === 'POST' && { body: {} }) };
      expect({ route, status: (await world.wire.send(door, sent)).status }).toEqual({ route, status });
    }
  });

  it('refuses who has no token, and verbs it does not declare', async () => {
    for (const [route, { 'x-permission': permission }] of registered) {
      const [door, method = '', pattern = ''] = route.split(' ') as [
        Parameters<World['wire']['send']>[0],
        string,
        string,
      ];
      const path = pattern.replaceAll(/\{\w+\}/g, '019b0000-0000-7000-8000-000000000000');
      if (permission !== 'public')
        expect({ route, status: (await world.wire.send(door, { method, path })).status }).toEqual({
          route,
          status: 401,
        });
      const { token } = world.a.members.admin;
      expect({
        route,
        status: (await world.wire.send(door, { method: 'TRACE', path, token })).status,
      }).toEqual({ route, status: 405 });
    }
  });

  it('is in docs/security-matrix.md as it was observed', () => {
    const text = documentOf(tried, new Set(registered.keys()));
    const folder = join(repositoryRoot, 'libs/testing/test-output');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'security-matrix.md'), text);
    // When this fails for a good reason: cp libs/testing/test-output/security-matrix.md docs/
    expect(readFileSync(join(repositoryRoot, committed), 'utf8')).toBe(text);
  });
});

describe('attacks', () => {
  it.each(attacks.map((attack) => [attack.where, attack.name, attack.expected, attack] as const))(
    '%s: %s -> %s',
    async (_where, _name, _expected, attack) => {
      await attack.run(world, forge);
    },
    60_000,
  );

  it.each(provenElsewhere)('$where: $name is proven in $file', ({ file, words }) => {
    expect(readFileSync(join(repositoryRoot, file), 'utf8')).toContain(words);
  });
});

describe('canaries', () => {
  it('of one tenant were in no answer to the other', () => {
    expect(world.leaks).toEqual([]);
    expect(world.watched()).toBeGreaterThan(1_000);
  });
});
