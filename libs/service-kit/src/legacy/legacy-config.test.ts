import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { loadConfig } from '../config.ts';
import { hasLegacyEnd, legacyEnv, noLegacyEnd } from './legacy-config.ts';

const schema = z.object({ OTHER: z.string(), ...legacyEnv }).refine(hasLegacyEnd, noLegacyEnd);
const tenant = '019b0000-0000-7000-8000-00000000000a';
const sunset = '2027-06-30T00:00:00Z';
const client = `erp=${tenant}@10.1.2.0/24`;

const load = (env: Record<string, string>) => loadConfig(schema, { OTHER: 'x', ...env });

describe('legacy callers', () => {
  it('are nobody unless told, and then no end is needed', () => {
    expect(load({})).toMatchObject({ LEGACY_STAGES: [], LEGACY_CLIENTS: [] });
  });

  it.each([
    ['a client', { LEGACY_CLIENTS: client }],
    ['a stage', { LEGACY_STAGES: `${tenant}=observe` }],
  ])('with %s and no sunset keep the service from starting', (_what, env) => {
    expect(() => load(env)).toThrow(/LEGACY_SUNSET: must be given/);
    expect(() => loadConfig(schema, env)).toThrow(/LEGACY_SUNSET: must be given/);
  });

  it('are read with tenant, team and networks', () => {
    const text = `${client}, old-till=${tenant}/${tenant}@192.0.2.7+2001:db8:1::/48`;
    const { LEGACY_CLIENTS } = load({ LEGACY_CLIENTS: text, LEGACY_SUNSET: sunset });
    expect(LEGACY_CLIENTS).toMatchObject([
      { id: 'erp', tenantId: tenant, teamId: null, networks: [{ address: '10.1.2.0', prefix: 24 }] },
      { id: 'old-till', teamId: tenant, networks: [{ prefix: 32 }, { family: 'ipv6', prefix: 48 }] },
    ]);
  });

  it.each([
    ['the whole internet', `erp=${tenant}@0.0.0.0/0`],
    ['a continent', `erp=${tenant}@2001:db8::/32`],
    ['a host name', `erp=${tenant}@erp.example.com`],
    ['no network', `erp=${tenant}@`],
    ['no tenant', 'erp=acme@10.1.2.3'],
    ['an id with spaces', `the erp=${tenant}@10.1.2.3`],
    ['a mask that is none', `erp=${tenant}@10.1.2.0/33`],
    ['the same id twice', `${client},erp=${tenant}@10.9.9.9`],
    ['a network in another', `${client},old=${tenant}@10.1.0.0/16`],
  ])('are refused with %s', (_what, text) => {
    expect(() => load({ LEGACY_CLIENTS: text, LEGACY_SUNSET: sunset })).toThrow(/LEGACY_CLIENTS/);
  });

  it.each([
    ['a stage that is none', { LEGACY_STAGES: `${tenant}=allow` }, /LEGACY_STAGES/],
    ['a sunset without an offset', { LEGACY_SUNSET: '2027-06-30' }, /LEGACY_SUNSET/],
    ['a guide that breaks out of its header', { LEGACY_GUIDE_URL: '/docs>; rel="next"' }, /LEGACY_GUIDE_URL/],
  ])('are refused with %s', (_what, env, message) => {
    expect(() => load({ LEGACY_SUNSET: sunset, ...env })).toThrow(message);
  });
});
