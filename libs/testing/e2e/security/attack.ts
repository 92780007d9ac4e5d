import { expect } from '@jest/globals';
import type { Answer, Door } from './wire.ts';
import type { Forge } from './forge.ts';
import type { World } from './world.ts';

/** One row of the attack table: a test of its name. */
export interface Attack {
  where: string;
  name: string;
  /** As the reference has it. */
  expected: string;
  run(world: World, forge: Forge): Promise<void>;
}

/** A path behind each door that asks for a token, and that every role may read. */
export function guardedPaths(world: World): [Door, string][] {
  const timeline = `/timeline/deal/${world.a.records.deals.sales}`;
  return [
    ['api-gateway', '/deals'],
    ['api-gateway', timeline],
    ['auth', '/auth/me'],
    ['crm', '/deals'],
    ['timeline', timeline],
    ['calendar-sync', `/internal/activity/deal/${world.a.records.deals.sales}`],
    ['audit', `/internal/activity/deal/${world.a.records.deals.sales}`],
  ];
}

/** Every door answers with one of these statuses, as a problem document, and a 401 with a challenge. */
export async function expectEverywhere(
  world: World,
  statuses: number[],
  ask: (door: Door, path: string) => Promise<Answer>,
): Promise<void> {
  for (const [door, path] of guardedPaths(world)) {
    const answer = await ask(door, path);
    expect({ door, path, status: answer.status }).toEqual({
      door,
      path,
      status: statuses.includes(answer.status) ? answer.status : statuses.join(' or '),
    });
    if (answer.status >= 400) expectProblem(door, answer);
  }
}

/** One shape for every refusal, without a stack. */
export function expectProblem(door: Door, answer: Answer): void {
  // Node itself answers what is not HTTP; only the gateway dresses that.
  if (answer.text === '' && door !== 'api-gateway') return;
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(answer.body).toMatchObject({ status: answer.status, code: expect.any(String) });
  expect(answer.text).not.toMatch(/at .*\.(ts|js):\d+/);
  if (answer.status === 401) expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
}

/** The bytes of a request with these header lines. */
export function bytesOf(line: string, headers: string[], body = ''): string {
  return [line, 'Host: pipedesk', 'Connection: close', ...headers, '', body].join('\r\n');
}
