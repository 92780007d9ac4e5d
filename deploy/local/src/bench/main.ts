import { rmSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBackingServices } from '../backing/backing-services.ts';
import { watchInterrupts } from '../interrupt.ts';
import { startServices } from '../services/start-services.ts';
import { benchAudit } from './audit.bench.ts';
import { benchGateway } from './gateway.bench.ts';
import { benchHistory } from './history.bench.ts';
import type { Bench } from './bench.ts';

/**
 * `npm run bench [-- <name>... --records <number>]`: figures on a stack of its own, so that a running one is neither disturbed
 * nor measured. Fewer records than a million make the bench of audit short.
 * Every figure is printed beside the raw driver's or a peer's of the same run: absolute numbers depend on the machine.
 */
const benches: Record<string, Bench> = { gateway: benchGateway, history: benchHistory, audit: benchAudit };
/** With fewer, nothing has been changed yet when the first queries are asked. */
const fewestRecords = 10_000;

const { positionals: chosen, values } = parseArgs({
  allowPositionals: true,
  options: { records: { type: 'string', default: '1000000' } },
});
const records = Number(values.records);
if (!Number.isSafeInteger(records) || records < fewestRecords) {
  console.error(`--records is a whole number from ${fewestRecords} on, not ${values.records}.`);
  process.exit(1);
}
const unknown = chosen.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}`);
  process.exit(1);
}

const interrupted = watchInterrupts();
const folder = mkdtempSync(join(tmpdir(), 'pipedesk-bench-'));
const backing = await startBackingServices({
  instance: `bench-${process.pid}`,
  ephemeral: true,
  ports: 'free',
  progress: console.log,
});
try {
  const services = await startServices({
    backing,
    ports: 'free',
    folder,
    databasePrefix: `bench_${process.pid}`,
    signal: interrupted,
  });
  try {
    for (const [name, bench] of Object.entries(benches)) {
      if (chosen.length === 0 || chosen.includes(name))
        await bench({ backing, services, records, say: console.log });
    }
  } finally {
    await services.stop();
  }
} finally {
  await backing.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
