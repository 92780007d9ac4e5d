import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { given } from '@pipedesk/testing';
import { bodies, nobodysId, startCrm, type TestCrm } from './start-crm.ts';

let crm: TestCrm;
beforeAll(async () => {
  crm = await startCrm();
  await crm.importRunner.close();
  await crm.connection.close();
});
afterAll(async () => {
  await crm.connection.openUri(given('MONGODB_URI'), { dbName: crm.database });
  await crm.stop();
});

describe('while the database is gone', () => {
  it.each([
    ['GET', '/deals', undefined],
    ['GET', `/deals/${nobodysId()}`, undefined],
    ['POST', '/deals', bodies.deals],
    ['PATCH', `/deals/${nobodysId()}`, { name: 'X' }],
    ['DELETE', `/deals/${nobodysId()}`, undefined],
    // An outage must not look like a wrong id in the body.
    ['POST', '/deals', { ...bodies.deals, companyId: nobodysId() }],
    ['POST', '/notes', { entityType: 'deal', entityId: nobodysId(), text: 'x' }],
  ])('%s %s answers 503 with a time to retry', async (method, path, body) => {
    const answer = await crm.as().call(method, path, body);
    expect(answer).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('2');
  });

  it('an upload answers 503 too, whether its file was read or not', async () => {
    const answer = await crm.as().import('deals', `stage,name\n${'won,x\n'.repeat(100_000)}`);
    expect(answer).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
  });

  it('is not ready, but alive', async () => {
    const health = async (name: string) =>
      (await fetch(`http://127.0.0.1:${crm.port}/health/${name}`)).status;
    expect([await health('ready'), await health('live')]).toEqual([503, 200]);
  });
});
