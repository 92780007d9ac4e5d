import { setTimeout as sleep } from 'node:timers/promises';
import type { TcpProxy } from '../../src/tcp-proxy.ts';
import type { Scenario } from '../scenario.ts';
import type { ChaosStack } from '../stack.ts';

type WireName = keyof ChaosStack['wires'];

const called: Record<WireName, string> = {
  crmToBroker: 'between crm and the broker',
  auditToDatabase: 'between audit and its database',
};

const hurts: Record<string, { hurt: (wire: TcpProxy) => unknown; ms: [number, number] }> = {
  'black hole': { hurt: (wire) => wire.freeze(), ms: [5_000, 7_000] },
  'connections reset': { hurt: (wire) => wire.reset(), ms: [300, 1_000] },
  'connections cut in mid-frame': { hurt: (wire) => wire.cutMidFrame(), ms: [500, 1_500] },
  'connections refused': { hurt: (wire) => wire.cut(), ms: [1_000, 3_000] },
};

export const wireScenarios: Scenario[] = (Object.keys(called) as WireName[]).flatMap((name) =>
  Object.entries(hurts).map(([what, { hurt, ms }]): Scenario => ({
    name: `${what} ${called[name]}`,
    sparesWrites: true,
    run: async ({ stack, random }) => {
      const wire = stack.wires[name];
      for (let round = 0; round < 2; round++) {
        await hurt(wire);
        await sleep(random.between(...ms));
        await wire.heal();
        await sleep(500);
      }
    },
  })),
);
