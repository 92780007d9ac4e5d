import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { platformTenantId, type RefusalReport, refusalReportsBody } from '@pipedesk/contracts';
import express from 'express';
import { generateKeyPairSync, sign } from 'node:crypto';
import { audience, buildClaims, forge, issuer, kid, now, ours, type Signer } from '../../test/forge-token.ts';
import { createAuthenticator } from '../auth/authenticate.ts';
import { sessionEnded } from '../auth/revocation-list.ts';
import type { AccessCheck } from '../auth/revocations.ts';
import { problemHandler } from '../http/problem-handler.ts';
import { rememberOrigin } from '../http/request-origin.ts';
import { type HttpServer, listen } from '../http/server.ts';
import { createLogger } from '../logger.ts';
import { createMetrics } from '../ops/metrics.ts';
import { createRefusalCounts } from './refusal-counts.ts';
import { createRefusalLog, type RefusalLog, type SendRefusals } from './refusal-log.ts';

const log = createLogger('test', 'silent');
const admit = jest.fn<AccessCheck['admit']>();
const send = jest.fn<SendRefusals>();
const metrics = createMetrics('test');
let refusals: RefusalLog;
let http: HttpServer;

beforeAll(async () => {
  refusals = createRefusalLog({ service: 'test', send: (some) => send(some), log, metrics, every: 0.1 });
  const keys = { find: (id: string) => Promise.resolve(id === kid ? ours.publicKey : undefined) };
  const app = express();
  app.set('trust proxy', 'loopback');
  app.use(rememberOrigin);
  app.use(createAuthenticator({ keys, issuer, audience, revocations: { admit }, refusals }));
  app.use((_req, res) => void res.end('admitted'));
  app.use(problemHandler(log, []));
  http = await listen(app, '127.0.0.1', 0);
});
afterAll(async () => {
  await http.close();
  await refusals.close();
});
beforeEach(() => {
  admit.mockImplementation((caller) => Promise.resolve(caller));
  send.mockReset();
  send.mockResolvedValue(undefined);
});

function ask(headers: Record<string, string>): Promise<Response> {
  return fetch(`http://127.0.0.1:${http.port}/deals?secret=1`, { headers });
}
const present = (token: string, headers = {}) => ask({ authorization: `Bearer ${token}`, ...headers });

/** Everything that arrives until there is something. */
async function reported(): Promise<RefusalReport[]> {
  const deadline = Date.now() + 5_000;
  while (send.mock.calls.length === 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return send.mock.calls.flatMap(([reports]) => reports);
}

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const byStranger: Signer = (input) =>
  sign('sha256', Buffer.from(input), { key: stranger.privateKey, dsaEncoding: 'ieee-p1363' });

describe('a refused token is reported with its reason', () => {
  const certain = buildClaims();
  it.each<[string, string, string, boolean]>([
    ['malformed', 'nothing of the form of a token', 'abc', false],
    ['unknown_header', 'a foreign type', forge({ typ: 'JWT' }), false],
    ['unknown_key', 'a key nobody knows', forge({ kid: 'other' }), false],
    ['bad_signature', 'a signature of somebody else', forge({}, certain, byStranger), false],
    [
      'bad_signature',
      'foreign claims of somebody else',
      forge({}, { ...certain, aud: 'x' }, byStranger),
      false,
    ],
    ['bad_signature', 'old claims of somebody else', forge({}, { ...certain, exp: 1 }, byStranger), false],
    ['wrong_issuer', 'another issuer', forge({}, { ...certain, iss: 'them' }), true],
    ['wrong_audience', 'another audience', forge({}, { ...certain, aud: 'their services' }), true],
    ['unknown_claims', 'no exp', forge({}, { ...certain, exp: undefined }), true],
    ['unknown_claims', 'no tenant', forge({}, { ...certain, tid: undefined }), false],
    ['unknown_claims', 'a text', forge({}, 'admin'), false],
    ['expired', 'one of yesterday', forge({}, { ...certain, exp: now() - 60 }), true],
    ['not_yet_valid', 'one of tomorrow', forge({}, { ...certain, nbf: now() + 60 }), true],
  ])('%s: %s', async (reason, _what, token, isCertain) => {
    expect((await present(token)).status).toBe(401);
    const [report, ...others] = await reported();
    expect(others).toEqual([]);
    expect(report).toMatchObject({
      reason,
      tenantId: isCertain ? certain.tid : platformTenantId,
      userId: isCertain ? certain.sub : null,
      count: 1,
      path: '/deals',
      network: '127.0.0.1',
      service: 'test',
    });
  });

  it('token_missing, and once more for the identity that was claimed instead', async () => {
    expect((await ask({ 'x-user-role': 'admin' })).status).toBe(401);
    const reasons = (await reported()).map(({ reason }) => reason);
    expect(reasons.sort()).toEqual(['identity_headers', 'token_missing']);
  });

  it('session_ended, in its own tenant', async () => {
    admit.mockRejectedValue(sessionEnded());
    const claims = buildClaims();
    expect((await present(forge({}, claims))).status).toBe(401);
    const reports = await reported();
    expect(reports).toMatchObject([
      { reason: 'session_ended', tenantId: claims.tid, userId: claims.sub, sessionId: claims.sid },
    ]);
  });

  it('identity_headers, in the tenant of the token beside them', async () => {
    const claims = buildClaims();
    expect((await present(forge({}, claims), { 'x-tenant-id': 'another' })).status).toBe(200);
    expect(await reported()).toMatchObject([{ reason: 'identity_headers', tenantId: claims.tid }]);
  });

  it('and in the metrics', async () => {
    const text = await metrics.metrics();
    expect(text).toMatch(/^pipedesk_tokens_refused_total\{reason="expired",service="test"\} 1$/m);
    expect(text).toMatch(/^pipedesk_identity_headers_ignored_total\{service="test"\} 2$/m);
  });
});

describe('reports', () => {
  it('come again as they were until they have arrived, and hold what the contract takes', async () => {
    send.mockRejectedValueOnce(new Error('auth is down'));
    await present('abc', { 'user-agent': 'u'.repeat(3_000), 'x-forwarded-for': 'n'.repeat(3_000) });
    while (send.mock.calls.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    const [[first] = [], [second] = []] = send.mock.calls;
    expect(second).toEqual(first);
    expect(refusalReportsBody.parse({ refusals: first }).refusals).toHaveLength(1);
  });

  it('are one for many of the same, and never more than there is room for', () => {
    const counts = createRefusalCounts('test', 10);
    const from = { ip: null, path: '/', userAgent: null, requestId: null };
    const subject = { tenantId: '019b0000-0000-7000-8000-000000000000' };
    for (let attempt = 0; attempt < 5_000; attempt++) {
      const network = `10.0.${attempt % 50}.0`;
      counts.add({ reason: 'bad_signature' }, { ...from, network });
      counts.add({ reason: 'expired' }, { ...from, network });
    }
    counts.add({ reason: 'expired', subject }, { ...from, network: '192.0.2.1' });
    const reports = counts.take();
    expect(reports).toHaveLength(1 + 10 + 2);
    expect(reports.reduce((sum, { count }) => sum + count, 0)).toBe(10_001);
    expect(
      reports
        .filter(({ network }) => network === 'others')
        .map(({ reason }) => reason)
        .sort(),
    ).toEqual(['bad_signature', 'expired']);
    // Rubbish crowds out no certain refusal.
    expect(reports[0]).toMatchObject({ tenantId: subject.tenantId, network: '192.0.2.1', count: 1 });
    expect(counts.take()).toEqual([]);
  });
});
