import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Authority, ChangeEvent } from '@pipedesk/contracts';
import { authorize, rulesVersion, type TenantContext, withAuthority } from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import type { Connection, Outbox } from '../src/index.ts';
import {
  buildContext,
  buildDeal,
  type DealRepository,
  openDatabase,
  openDeals,
  outboxOf,
} from './fixture.ts';

let connection: Connection;
let close: () => Promise<void>;
let deals: DealRepository;
let outbox: Outbox;

beforeAll(async () => {
  ({ connection, close } = await openDatabase());
  ({ deals, outbox } = await openDeals(connection));
});
afterAll(() => close());

const atTheDoor: Authority = {
  source: 'role',
  rule: 'deals:delete/team',
  permission: 'deals:delete',
  scope: 'team',
  rulesVersion,
};

async function authoritiesOf(id: string): Promise<(Authority | undefined)[]> {
  return (await outboxOf(connection, id)).map(({ data }: ChangeEvent) => data.context.authority);
}

describe('the rule behind a change', () => {
  it('is the one that let the request in, where a record says nothing of its own', async () => {
    const context = withAuthority(buildContext(), atTheDoor);
    const { record } = await deals.create(context, buildDeal());
    await deals.change(context, record.id, {}, (draft) => {
      draft.name = 'Renamed';
    });
    expect(await authoritiesOf(record.id)).toEqual([atTheDoor, atTheDoor]);
  });

  it('is the one that decided over the record, for changes, removals and restorations', async () => {
    const [userId, id] = [uuidv7(), uuidv7()];
    const grants = [{ id, permission: 'deals:edit' as const, scope: 'all' as const }];
    const base = buildContext();
    const context: TenantContext = withAuthority(
      { ...base, subject: { userId, role: 'sales', teamId: null, grants, grantsVersion: 'abc' } },
      atTheDoor,
    );
    const may = {
      authorize: (deal: { ownerId: string | null; teamId: string | null }) =>
        authorize(context, 'deals:edit', deal),
    };
    const rename = (draft: { name: string }) => {
      draft.name += '!';
    };
    const own = await deals.create(context, buildDeal({ ownerId: userId }));
    await deals.change(context, own.record.id, may, rename);
    const foreign = await deals.create(context, buildDeal({ ownerId: uuidv7() }));
    await deals.change(context, foreign.record.id, may, rename);
    await deals.remove(context, foreign.record.id, may);
    await deals.restore(context, foreign.record.id, may);
    const versions = { permission: 'deals:edit', rulesVersion, grantsVersion: 'abc' };
    const byRole = { ...versions, source: 'role', rule: 'deals:edit/own', scope: 'own' };
    const byGrant = { ...versions, source: 'grant', rule: `grant/${id}`, scope: 'all' };
    expect(await authoritiesOf(own.record.id)).toEqual([atTheDoor, byRole]);
    expect(await authoritiesOf(foreign.record.id)).toEqual([atTheDoor, byGrant, byGrant, byGrant]);
  });

  it('is the service, where nobody was asked for a permission', async () => {
    const actor = { type: 'system', id: 'nightly', name: 'Nightly job', role: null } as const;
    const byUser = await deals.create(buildContext(), buildDeal());
    const bySystem = await deals.create(buildContext({ actor }), buildDeal());
    const system = { source: 'system', permission: null, scope: null, rulesVersion };
    expect(await authoritiesOf(byUser.record.id)).toEqual([{ ...system, rule: 'system/crm' }]);
    expect(await authoritiesOf(bySystem.record.id)).toEqual([{ ...system, rule: 'system/nightly' }]);
  });

  it('of a reconstructed change is the reconciler', async () => {
    const { record } = await deals.create(withAuthority(buildContext(), atTheDoor), buildDeal());
    const gap = { entityType: 'deal', entityId: record.id, version: 1, before: null, after: null } as const;
    const event = await outbox.reconstruct(gap, 'crm');
    expect(event?.data.context.authority).toMatchObject({ source: 'system', rule: 'system/reconciler' });
  });
});
