import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosStack } from './stack.ts';

/** The lease of a dead process, and then a seal and a round of the stream. */
const streamedWithin = 100_000;

/** Invariant 9: every record of audit comes to the stream at least once. Waits for it. */
export async function streamViolations(stack: ChaosStack, tenantId: string): Promise<string[]> {
  const began = Date.now();
  for (;;) {
    const missing = await notStreamed(stack, tenantId);
    if (missing.length === 0) return [];
    if (Date.now() - began > streamedWithin)
      return [`9: ${missing.length} records have not come to the stream, the first is ${missing[0] ?? ''}`];
    await sleep(500);
  }
}

async function notStreamed({ audit, streamFile }: ChaosStack, tenantId: string): Promise<string[]> {
  const lines = (await readFile(streamFile, 'utf8').catch(() => '')).split('\n');
  const streamed = new Set(lines.map(recordIdOf));
  const records = audit
    .collection<{ _id: string }>('auditrecords')
    .find({ tenantId }, { projection: { _id: 1 } });
  return (await records.toArray()).map(({ _id }) => _id).filter((id) => !streamed.has(id));
}

/** undefined for a line that a crash has left half written; its record comes again. */
function recordIdOf(line: string): string | undefined {
  try {
    return (JSON.parse(line) as { metadata: { uid: string } }).metadata.uid;
  } catch {
    return undefined;
  }
}
