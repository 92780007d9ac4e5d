import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type SealedTrail, startSealedTrail } from './sealed-trail.ts';

let trail: SealedTrail;
let folder: string;
let lines: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-offline-'));
  trail = await startSealedTrail();
  lines = (await trail.audit.text('/audit-logs/export/sealed', { tenantId: trail.tenantId })).split('\n');
  const keys = await trail.audit.getWithoutToken('/audit-logs/keys');
  await writeFile(join(folder, 'keys.json'), JSON.stringify(keys.body));
});
afterAll(async () => {
  await trail.audit.stop();
  await rm(folder, { recursive: true });
});

const script = new URL('../src/verify/main.ts', import.meta.url).pathname;

/** Runs the command as an auditor does. */
async function run(content: string[], ...options: string[]) {
  const file = join(folder, 'export.jsonl');
  await writeFile(file, content.join('\n'));
  const args = [script, file, '--keys', join(folder, 'keys.json'), ...options];
  return promisify(execFile)(process.execPath, args).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
  );
}

const isRecord = (line: string) => line.startsWith('{"line":"record"');
const isSeal = (line: string) => line.startsWith('{"line":"seal"');

describe('the offline verifier', () => {
  it('verifies an export with the auditor’s own keys and the seal noted earlier', async () => {
    const { head } = await trail.verify();
    const { code, stdout } = await run(lines, '--witness', head?.hash ?? '');
    expect(stdout).toContain('21 records in 3 segments');
    expect(stdout).toContain(head?.hash);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('\nVerified.') });
  });

  it.each<[string, (all: string[]) => string[], string]>([
    [
      'a changed value',
      (all) => all.map((line) => line.replace('Forty seats', 'Fifty seats')),
      'record_changed',
    ],
    ['a missing record', (all) => all.filter((line) => line !== all.filter(isRecord)[4]), 'tree_changed'],
    ['a missing segment', (all) => withoutSegment(all, 2), 'seal_missing'],
    ['a missing last segment', (all) => withoutSegment(all, 3), 'file_incomplete'],
    ['a cut-off end', (all) => all.slice(0, -3), 'file_incomplete'],
    ['exchanged records', exchanged, 'record_changed'],
    [
      'a seal’s changed time',
      (all) => all.map((line) => line.replace('"sealedAt":"20', '"sealedAt":"21')),
      'seal_changed',
    ],
  ])('names %s', async (_what, tamper, kind) => {
    const { code, stdout } = await run(tamper(lines));
    expect(code).toBe(1);
    expect(stdout).toContain(`FLAW ${kind}`);
    expect(stdout).toContain('Not verified.');
  });

  it('does not believe a file that was signed anew with another key', async () => {
    const other = await startSealedTrail();
    const theirs = await other.audit.text('/audit-logs/export/sealed', { tenantId: other.tenantId });
    await other.audit.stop();
    const { code, stdout } = await run(theirs.split('\n'));
    expect({ code, stdout }).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('FLAW key_untrusted at segment 1'),
    });
  });

  it('says which line it cannot read, and when there is no file', async () => {
    expect(await run([...lines.slice(0, 5), '{"line":'])).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('line 6'),
    });
    const missing = promisify(execFile)(process.execPath, [script, join(folder, 'none')]);
    await expect(missing).rejects.toMatchObject({ code: 2 });
  });
});

function withoutSegment(all: string[], segment: number): string[] {
  const starts = all.flatMap((line, index) => (isSeal(line) ? [index] : []));
  const [from, to] = [
    starts[segment - 1],
    starts[segment] ?? all.findIndex((line) => line.startsWith('{"line":"end"')),
  ];
  return all.filter((_, index) => index < Number(from) || index >= to);
}

function exchanged(all: string[]): string[] {
  const [one = '', two = ''] = all.filter(isRecord);
  const places = [all.indexOf(one), all.indexOf(two)] as const;
  const seqOf = (line: string) => /"seq":(\d+)/.exec(line)?.[0] ?? '';
  return all
    .with(places[0], two.replace(seqOf(two), seqOf(one)))
    .with(places[1], one.replace(seqOf(one), seqOf(two)));
}
