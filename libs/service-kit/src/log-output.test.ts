import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

const logger = new URL('logger.ts', import.meta.url).href;

/** What a process has written by the time it has ended. */
async function linesOf(script: string): Promise<{ level: string; msg: string }[]> {
  const source = `import { createLogger } from ${JSON.stringify(logger)};
    const log = createLogger('test', 'info');
    ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = (await text(child.stdout)).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as { level: string; msg: string });
}

const messages = (lines: { msg: string }[]) => lines.map(({ msg }) => msg);

describe('log lines', () => {
  it('come out whole and in order, more than fit into one write, when the process exits in the same turn', async () => {
    const lines = await linesOf(`
      for (let index = 0; index < 500; index++) log.info({ fill: 'x'.repeat(100) }, String(index));
      process.exit(0);`);
    expect(messages(lines)).toEqual(Array.from({ length: 500 }, (_, index) => String(index)));
  });

  it('of two loggers do not overtake each other', async () => {
    const lines = await linesOf(`
      const other = createLogger('other', 'info');
      log.info('1'); other.info('2'); log.error('3'); other.info('4');`);
    expect(messages(lines)).toEqual(['1', '2', '3', '4']);
  });

  it('are out when their turn of the event loop is over', async () => {
    const lines = await linesOf(`
      log.info('before');
      setImmediate(() => setImmediate(() => process.kill(process.pid, 'SIGKILL')));`);
    expect(messages(lines)).toEqual(['before']);
  });

  it('of errors are out at once, with what was said before', async () => {
    const lines = await linesOf(`
      log.info('before'); log.error('failed');
      process.kill(process.pid, 'SIGKILL');`);
    expect(messages(lines)).toEqual(['before', 'failed']);
  });

  it('do not show secrets', async () => {
    const lines = await linesOf(`log.info({ password: 'a', user: { password: 'b' } }, 'login');`);
    expect(lines[0]).toMatchObject({ password: '[redacted]', user: { password: '[redacted]' } });
  });
});
