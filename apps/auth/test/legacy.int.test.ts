import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServiceTokens, type LegacyConfig } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import type { TokenAnswer } from '@pipedesk/contracts';
import { addMember, signUp } from './accounts.ts';
import { takeEvents } from './bus.ts';
import { type GuardedService, startGuardedService } from './guarded-service.ts';
import { type Auth, serviceSecret, startAuth } from './start-auth.ts';

const start = Date.now();
let now = start;
const sunset = new Date(start + 10.5 * 86_400_000).toISOString();
/** The tenant is only known once it is there; auth asks at each decision. */
const legacy: LegacyConfig = {
  LEGACY_SUNSET: sunset,
  LEGACY_STAGES: [],
  LEGACY_CLIENTS: [],
  LEGACY_GUIDE_URL: '/docs',
};
let first: Auth;
let auth: Omit<Auth, 'replica'>;
let crm: GuardedService;
let admin: TokenAnswer;

beforeAll(async () => {
  first = await startAuth();
  admin = await signUp(first);
  const tenantId = admin.tenant.id;
  const network = { address: '192.0.2.7', prefix: 32, family: 'ipv4' as const };
  legacy.LEGACY_STAGES = [[tenantId, 'warn']];
  legacy.LEGACY_CLIENTS = ['erp', 'old-till'].map((id) => ({
    ...{ id, tenantId, teamId: null },
    networks: [network],
  }));
  auth = await first.replica({ legacy, clock: () => new Date(now) });
  crm = await startGuardedService(auth);
});
afterAll(async () => {
  await crm.stop();
  await first.stop();
});
beforeEach(() => {
  now = start;
});

const tokenFor = createServiceTokens({ secret: serviceSecret, service: 'api-gateway' });
const post = async (path: string, body: object) =>
  auth.request('POST', path, { body, token: await tokenFor('auth') });
const exchange = (overrides = {}) =>
  post('/internal/legacy-tokens', { clientId: 'erp', role: 'admin', ip: '192.0.2.7', ...overrides });

describe('the token of a legacy client', () => {
  it('is one of sales at most, acts as the system, and leaves a record in audit', async () => {
    const { status, body, headers } = await exchange();
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body.expiresIn).toBeLessThanOrEqual(120);
    expect((await crm.request('GET', '/own', { token: body.accessToken })).body).toMatchObject({
      role: 'sales',
      actor: 'system',
    });
    expect((await crm.request('POST', '/admins', { token: body.accessToken })).status).toBe(403);
    const { events } = await takeEvents(first.vhost, 4);
    expect(events.find(({ type }) => type === 'auth.legacy_access.created')).toMatchObject({
      tenantid: admin.tenant.id,
      data: {
        after: { clientId: 'erp', role: 'sales', claimedRole: 'admin', stage: 'warn' },
        actor: { type: 'system', id: 'legacy:erp', name: 'Legacy client erp' },
        context: { ip: '192.0.2.7' },
      },
    });
  });

  it('is none at auth itself: identities are not dealt with by headers', async () => {
    const token = (await exchange()).body.accessToken as string;
    for (const path of ['/auth/me', '/users', '/auth/sessions'])
      expect((await auth.request('GET', path, { token })).status).toBe(401);
  });

  it('is for listed clients before the sunset, and services alone are given it', async () => {
    expect((await exchange({ clientId: 'nobody' })).status).toBe(403);
    expect((await exchange({ role: 'root' })).status).toBe(400);
    now = Date.parse(sunset) - 30_000;
    expect((await exchange()).body.expiresIn).toBeLessThanOrEqual(30);
    now = Date.parse(sunset);
    expect((await exchange()).body).toMatchObject({ status: 403, code: 'legacy_not_accepted' });
    const body = { clientId: 'erp', role: 'sales', ip: '192.0.2.7' };
    const { accessToken: token } = admin;
    expect((await auth.request('POST', '/internal/legacy-tokens', { body, token })).status).toBe(401);
  });

  it('is nobody’s where nothing is configured', async () => {
    const body = { clientId: 'erp', role: 'sales', ip: '192.0.2.7' };
    const token = await tokenFor('auth');
    expect((await first.request('POST', '/internal/legacy-tokens', { body, token })).status).toBe(403);
  });
});

describe('the scoreboard', () => {
  const use = (overrides = {}) => ({
    ...{ id: uuidv7(), tenantId: admin.tenant.id, clientId: 'erp', route: 'GET /deals/*' },
    ...{ accepted: 3, refused: 0, lastSeen: '2026-11-26T10:00:00.000Z' },
    ...overrides,
  });
  const read = (token: string) => auth.request('GET', '/auth/legacy-usage', { token });

  it('adds up by client and route, each report once, and says how long is left', async () => {
    const again = use();
    const uses = [again, use({ accepted: 0, refused: 4, lastSeen: '2026-11-26T11:00:00.000Z' })];
    for (let time = 0; time < 3; time++)
      expect((await post('/internal/legacy-uses', { uses })).status).toBe(204);
    await post('/internal/legacy-uses', { uses: [use({ route: 'POST /leads/*', accepted: 1 })] });
    const { status, body } = await read(admin.accessToken);
    expect(status).toBe(200);
    expect(body).toEqual({
      stage: 'warn',
      sunset,
      daysToSunset: 10,
      unseen: ['old-till'],
      items: [
        {
          ...{ clientId: 'erp', route: 'GET /deals/*', calls: 7, refused: 4 },
          ...{ lastSeen: '2026-11-26T11:00:00.000Z', stage: 'warn', daysToSunset: 10 },
        },
        {
          ...{ clientId: 'erp', route: 'POST /leads/*', calls: 1, refused: 0 },
          ...{ lastSeen: '2026-11-26T10:00:00.000Z', stage: 'warn', daysToSunset: 10 },
        },
      ],
    });
  });

  it('is for admins, and of their own tenant', async () => {
    const sales = await addMember(auth, admin, 'sales');
    expect((await read(sales.accessToken)).status).toBe(403);
    const other = await signUp(auth);
    expect((await read(other.accessToken)).body).toMatchObject({ stage: 'off', items: [], unseen: [] });
  });
});
