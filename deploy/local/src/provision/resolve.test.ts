import { describe, expect, it } from '@jest/globals';
import { isDebianLike } from './machine.ts';
import { resolveOrigin } from './resolve.ts';
import type { MachineFacts } from './resolve.ts';

const machine = (docker: boolean, obstacle?: string): MachineFacts => ({
  dockerAnswers: () => Promise.resolve(docker),
  obstacleToDebianRoot: () => obstacle,
});

describe('where a backing service comes from', () => {
  it('takes a URL of the environment without asking the machine', async () => {
    const untouchable: MachineFacts = {
      dockerAnswers: () => Promise.reject(new Error('asked for Docker')),
      obstacleToDebianRoot: () => 'asked for Debian',
    };
    expect(await resolveOrigin('AMQP_URL', 'amqp://elsewhere', untouchable)).toBe('environment');
  });

  it('prefers a Docker engine that answers to a private root', async () => {
    expect(await resolveOrigin('AMQP_URL', undefined, machine(true))).toBe('docker');
    expect(await resolveOrigin('AMQP_URL', '', machine(true))).toBe('docker');
  });

  it('builds a private root where no engine answers and nothing is in the way', async () => {
    expect(await resolveOrigin('AMQP_URL', undefined, machine(false))).toBe('debian-root');
  });

  it('says what to install or set when nothing applies', async () => {
    const failure = resolveOrigin('AMQP_URL', undefined, machine(false, 'you are not root'));
    await expect(failure).rejects.toThrow(/MONGODB_URI.*AMQP_URL.*Docker engine.*you are not root/s);
  });
});

describe('the distribution', () => {
  it.each([
    ['Debian', 'PRETTY_NAME="Debian GNU/Linux"\nID=debian\n', true],
    ['Ubuntu', 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n', true],
    ['a derivative', 'ID=pop\nID_LIKE="ubuntu debian"\n', true],
    ['Fedora', 'ID=fedora\nVERSION_ID=43\n', false],
    ['one that only mentions it', 'ID=alpine\nHOME_URL="https://not-debian.example"\n', false],
    ['none', '', false],
  ])('%s', (_, osRelease, expected) => {
    expect(isDebianLike(osRelease)).toBe(expected);
  });
});
