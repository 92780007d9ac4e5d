import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Role } from '@pipedesk/contracts';
import { v7 as uuidv7 } from 'uuid';
import { buildDealHistory } from './deal-events.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

const [tenantId, author] = [uuidv7(), uuidv7()];
const history = buildDealHistory(3, { tenantId, actor: { id: author } });
const as = (role: Role, userId = uuidv7()) => ({ tenantId, role, userId, name: 'Ada' });

let audit: TestAudit;
beforeAll(async () => {
  audit = await startAudit();
  await audit.bus.publish(...history);
  await audit.stored(history.length);
});
afterAll(() => audit.stop());

const accessesOf = (userId: string) =>
  audit.connection
    .collection('auditrecords')
    .find({ tenantId, entityType: 'audit_access', 'actor.id': userId })
    .sort({ key: 1 })
    .toArray();

describe('reads of the audit log', () => {
  it('by an admin leave a record of who asked for what and how much they saw', async () => {
    const admin = as('admin');
    await audit.get('/audit-logs?entityType=deal&text=won&limit=2', admin);
    const [access, ...others] = await accessesOf(admin.userId);
    expect(others).toEqual([]);
    expect(access).toMatchObject({
      type: 'audit.access.occurred',
      action: 'occurred',
      actor: { id: admin.userId, name: 'Ada', role: 'admin' },
      context: { ip: '127.0.0.1', source: 'audit' },
      after: {
        kind: 'list',
        query: { entityType: 'deal', text: 'won', limit: 2 },
        records: 0,
        ownerId: admin.userId,
      },
    });
  });

  it('are found by the log itself, each once: reading those records leaves one more and no loop', async () => {
    const admin = as('admin');
    await audit.get('/audit-logs?action=created', admin);
    const { body } = await audit.get(`/audit-logs?entityType=audit_access&userId=${admin.userId}`, admin);
    expect(body.items).toMatchObject([{ after: { kind: 'list', query: { action: 'created' } } }]);
    expect(await accessesOf(admin.userId)).toHaveLength(2);
  });

  it('about somebody else leave a record, about oneself none', async () => {
    const admin = as('admin');
    await audit.get(`/audit-logs/user/${author}`, admin);
    await audit.get(`/audit-logs/user/${author}`, as('sales', author));
    expect(await accessesOf(admin.userId)).toMatchObject([
      { after: { kind: 'user', query: { userId: author }, records: 3 } },
    ]);
    expect(await accessesOf(author)).toEqual([]);
  });

  it('that are refused leave none', async () => {
    const manager = as('manager');
    expect((await audit.get('/audit-logs', manager)).status).toBe(403);
    expect((await audit.get('/audit-logs?limit=0', as('admin', manager.userId))).status).toBe(400);
    expect((await audit.get('/audit-logs?cursor=made-up', as('admin', manager.userId))).status).toBe(400);
    expect(await accessesOf(manager.userId)).toEqual([]);
  });
});
