import { describe, expect, it } from '@jest/globals';
import type { LegacyStage } from '@pipedesk/contracts';
import type { LegacyClient } from './legacy-config.ts';
import { createLegacyPolicy, type LegacyClaim } from './legacy-policy.ts';

const tenantId = '019b0000-0000-7000-8000-00000000000a';
const client: LegacyClient = {
  id: 'erp',
  tenantId,
  teamId: null,
  networks: [
    { address: '10.1.2.0', prefix: 24, family: 'ipv4' },
    { address: '2001:db8:1::', prefix: 48, family: 'ipv6' },
  ],
};
const sunset = '2027-06-30T00:00:00Z';
const before = new Date('2027-06-29T23:30:00Z');
const genuine: LegacyClaim = { ip: '10.1.2.9', role: 'sales', tenantId: undefined };

function policyIn(stage?: LegacyStage) {
  return createLegacyPolicy({
    LEGACY_SUNSET: sunset,
    LEGACY_STAGES: stage ? [[tenantId, stage]] : [],
    LEGACY_CLIENTS: [client],
    LEGACY_GUIDE_URL: '/docs',
  });
}

const decide = (stage: LegacyStage | undefined, claim: Partial<LegacyClaim> = {}, now = before) =>
  policyIn(stage).decide({ ...genuine, ...claim }, now);

describe('headers', () => {
  it.each(['observe', 'warn', 'brownout'] as const)('count in the stage %s', (stage) => {
    expect(decide(stage)).toMatchObject({ client: { id: 'erp' }, stage, outcome: 'accepted' });
    expect(decide(stage, { ip: '2001:db8:1:2::3' })).toMatchObject({ outcome: 'accepted' });
    expect(decide(stage, { tenantId })).toMatchObject({ outcome: 'accepted' });
  });

  it.each<[string, LegacyStage | undefined, Partial<LegacyClaim>, Date]>([
    ['without a stage', undefined, {}, before],
    ['in the stage off', 'off', {}, before],
    ['at the sunset', 'observe', {}, new Date(sunset)],
    ['after the sunset', 'observe', {}, new Date('2028-01-01')],
    ['from an address that is not listed', 'observe', { ip: '10.1.3.9' }, before],
    ['from no address', 'observe', { ip: '' }, before],
    ['from a text', 'observe', { ip: '10.1.2.9, 10.1.2.10' }, before],
    [
      'with the id of another tenant',
      'observe',
      { tenantId: '019b0000-0000-7000-8000-00000000000b' },
      before,
    ],
    ['with a role nobody has', 'observe', { role: 'root' }, before],
    ['with two roles', 'observe', { role: 'sales, admin' }, before],
    ['without a role', 'observe', { role: undefined }, before],
  ])('do not count %s', (_when, stage, claim, now) => {
    expect(decide(stage, claim, now)).toBeUndefined();
  });

  it.each([
    ['admin', 'sales'],
    ['manager', 'sales'],
    ['sales', 'sales'],
    ['viewer', 'viewer'],
  ])('that say %s make %s', (role, capped) => {
    expect(decide('observe', { role })?.role).toBe(capped);
  });

  it('are refused by the stage deny, and in brownouts for the first ten minutes of every hour', () => {
    expect(decide('deny')?.outcome).toBe('denied');
    const at = (time: string) => decide('brownout', {}, new Date(`2027-06-01T${time}Z`))?.outcome;
    expect(['07:59:59', '08:00:00', '08:09:59', '08:10:00', '08:59:59', '09:05:00'].map(at)).toEqual([
      'accepted',
      'brownout',
      'brownout',
      'accepted',
      'accepted',
      'brownout',
    ]);
  });

  it('of a client that was recognised elsewhere are decided again', () => {
    expect(policyIn('warn').decideFor('erp', 'admin', before)).toMatchObject({ role: 'sales' });
    expect(policyIn('warn').decideFor('other', 'sales', before)).toBeUndefined();
    expect(policyIn('warn').decideFor('erp', 'sales', new Date(sunset))).toBeUndefined();
  });
});
