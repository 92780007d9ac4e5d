import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ChangeEvent, platformTenantId, type RefusalReport } from '@pipedesk/contracts';
import { createServiceTokens } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import { signUp } from './accounts.ts';
import { takeEvents } from './bus.ts';
import { type Auth, serviceSecret, startAuth } from './start-auth.ts';

let auth: Auth;
let now = Date.now();
beforeAll(async () => {
  auth = await startAuth({ refusalsEvery: 0.2, clock: () => new Date(now) });
});
afterAll(() => auth.stop());

const tokenFor = createServiceTokens({ secret: serviceSecret, service: 'crm' });

/** Events come at least once. */
const known = new Set<string>();

/** The next refusals audit is told, whatever else happens and in whatever order they come. */
async function nextRefusals(count: number): Promise<ChangeEvent[]> {
  const found: ChangeEvent[] = [];
  while (found.length < count) {
    const { events } = await takeEvents(auth.vhost, 1);
    const fresh = events.filter(({ type, id }) => type === 'auth.access_refusal.created' && !known.has(id));
    for (const event of fresh) known.add(event.id);
    found.push(...fresh);
  }
  return found;
}

function buildReport(overrides: Partial<RefusalReport> = {}): RefusalReport {
  const time = new Date().toISOString();
  return {
    id: uuidv7(),
    tenantId: platformTenantId,
    reason: 'bad_signature',
    network: '192.0.2.7',
    count: 12,
    firstAt: time,
    lastAt: time,
    service: 'crm',
    path: '/deals',
    userId: null,
    sessionId: null,
    ip: '192.0.2.7',
    userAgent: 'curl',
    requestId: null,
    ...overrides,
  };
}

async function handOver(refusals: unknown[], token?: string) {
  return auth.request('POST', '/internal/refusals', {
    body: { refusals },
    token: token ?? (await tokenFor('auth')),
  });
}

it('brings what services hand over to audit, once however often it comes', async () => {
  const [report, other] = [buildReport(), buildReport({ reason: 'expired' })];
  for (let time = 0; time < 3; time++) expect((await handOver([report])).status).toBe(204);
  expect((await handOver([other])).status).toBe(204);
  const told = new Map((await nextRefusals(2)).map((event) => [event.subject, event]));
  expect(told.get(`access_refusal/${report.id}`)).toMatchObject({
    tenantid: platformTenantId,
    data: {
      after: { reason: 'bad_signature', count: 12, network: '192.0.2.7' },
      actor: { type: 'system', id: 'crm' },
      context: { ip: '192.0.2.7', source: 'crm' },
    },
  });
  expect(told.get(`access_refusal/${other.id}`)?.data.after).toMatchObject({ reason: 'expired' });
  expect(await auth.connection.collection('access_refusals').countDocuments({})).toBe(2);
});

it('takes reports from services alone, and only whole ones', async () => {
  const admin = await signUp(auth);
  expect((await handOver([buildReport()], admin.accessToken)).status).toBe(401);
  expect((await handOver([])).status).toBe(400);
  expect((await handOver([buildReport({ count: 0 })])).status).toBe(400);
  expect((await handOver([{ ...buildReport(), reason: 'bored' }])).status).toBe(400);
  const [refusal] = await nextRefusals(1);
  expect(refusal?.data.after).toMatchObject({ reason: 'service_token', service: 'auth' });
});

it('tells of a refresh token that comes again, in its tenant and by its session', async () => {
  const admin = await signUp(auth);
  const refresh = () => auth.request('POST', '/auth/refresh', { body: { refreshToken: admin.refreshToken } });
  expect((await refresh()).status).toBe(200);
  now += 60_000;
  expect((await refresh()).body).toMatchObject({ code: 'refresh_token_reused' });
  const [refusal] = await nextRefusals(1);
  expect(refusal).toMatchObject({
    tenantid: admin.tenant.id,
    data: { after: { reason: 'refresh_reused', userId: admin.user.id, path: '/auth/refresh' } },
  });
});

it('tells of tokens refused by auth itself', async () => {
  const admin = await signUp(auth);
  await auth.request('POST', '/auth/logout', { token: admin.accessToken });
  expect((await auth.request('GET', '/auth/me', { token: admin.accessToken })).status).toBe(401);
  const [refusal] = await nextRefusals(1);
  expect(refusal).toMatchObject({
    tenantid: admin.tenant.id,
    data: { after: { reason: 'session_ended', userId: admin.user.id, count: 1 } },
  });
});
