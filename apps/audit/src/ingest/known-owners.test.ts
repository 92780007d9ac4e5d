import { describe, expect, it } from '@jest/globals';
import { createKnownOwners } from './known-owners.ts';

describe('the known owners of records', () => {
  it('are those of what is stored, for good', () => {
    const owners = createKnownOwners();
    owners.remember('deal', 'tenant');
    expect([owners.tenantOf('deal'), owners.tenantOf('other')]).toEqual(['tenant', undefined]);
  });

  it('are those of what is being stored only until that has ended', () => {
    const owners = createKnownOwners();
    const end = owners.suppose(new Map([['deal', 'tenant']]));
    expect(owners.tenantOf('deal')).toBe('tenant');
    end();
    expect(owners.tenantOf('deal')).toBeUndefined();
  });

  it('forget the records that have been out of use the longest', () => {
    const owners = createKnownOwners();
    for (let record = 0; record < 20_000; record++) owners.remember(`deal ${record}`, 'tenant');
    owners.remember('deal 0', 'tenant');
    owners.remember('one more', 'tenant');
    expect(owners.tenantOf('deal 0')).toBe('tenant');
    expect(owners.tenantOf('deal 1')).toBeUndefined();
  });
});
