import { sealKeysSchema } from '@pipedesk/contracts';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { checkExport } from '../seals/format/export-file.ts';

/**
 * `npm run audit:verify -- FILE [--keys KEYS] [--witness HASH]`: checks a sealed export without the service. KEYS is what
 * `GET /audit-logs/keys` answered, noted at another time or by another way than the file; HASH is that of a seal noted
 * earlier. Ends with 0 when all is well, 1 for a flaw, 2 when the file cannot be read.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { keys: { type: 'string' }, witness: { type: 'string' } },
});
const say = (line: string) => process.stdout.write(`${line}\n`);

async function verify(file: string): Promise<number> {
  const keys = values.keys === undefined ? null : await readFile(values.keys, 'utf8');
  const trusted = keys === null ? null : sealKeysSchema.parse(JSON.parse(keys)).keys;
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  const verdict = await checkExport(lines, { trusted, witness: values.witness });
  say(`Tenant ${verdict.tenantId ?? '?'}: ${verdict.records} records in ${verdict.segments} segments`);
  if (verdict.removed > 0) say(`Removed by retention: ${verdict.removed} records`);
  if (verdict.head)
    say(`Last seal: segment ${verdict.head.segment}, record ${verdict.head.seq}, ${verdict.head.hash}`);
  if (!verdict.isAnchored) say('No --keys were given: the file is only shown to agree with itself.');
  for (const { kind, segment, seq, recordId, reason } of verdict.flaws) {
    const place = [segment && `segment ${segment}`, seq && `record ${seq}`, recordId].filter(Boolean);
    say(`FLAW ${kind}${place.length > 0 ? ` at ${place.join(', ')}` : ''}: ${reason}`);
  }
  say(verdict.flaws.length === 0 ? 'Verified.' : 'Not verified.');
  return verdict.flaws.length === 0 ? 0 : 1;
}

const [file] = positionals;
if (file === undefined) {
  say('Which file? npm run audit:verify -- FILE [--keys KEYS] [--witness HASH]');
  process.exitCode = 2;
} else {
  process.exitCode = await verify(file).catch((error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    return 2;
  });
}
