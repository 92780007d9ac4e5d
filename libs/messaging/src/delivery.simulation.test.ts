import { describe, expect, it } from '@jest/globals';
import { simulate } from '../test/simulation.ts';

/** `PIPEDESK_SIMULATION=seed[:count]` plays one again, or more of them. */
const [firstSeed = '1', count = process.env.PIPEDESK_SIMULATION ? '1' : '1000'] = (
  process.env.PIPEDESK_SIMULATION ?? '1'
).split(':');

describe('relay and consumer', () => {
  it('lose nothing and keep every event until it is stored, whatever goes wrong around them', async () => {
    const broken: string[] = [];
    for (let seed = Number(firstSeed); seed < Number(firstSeed) + Number(count); seed++)
      await simulate(seed).catch((error: Error) => broken.push(error.message));
    expect(broken).toEqual([]);
  }, 120_000);
});
