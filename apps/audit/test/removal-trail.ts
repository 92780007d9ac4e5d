import type { AuditVerdict, ChangeEvent, SealKey } from '@pipedesk/contracts';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { v7 as uuidv7 } from 'uuid';
import { checkExport, type FileVerdict } from '../src/seals/format/export-file.ts';
import type { Bounds } from '../src/removals/planner.ts';
import { type Rules, startReplica, type TestRemoving } from './removal-replica.ts';
import { lineByLine } from './sealed-trail.ts';
import type { TestAudit } from './start-audit.ts';

export interface RemovalTrail {
  audit: TestAudit;
  tenantId: string;
  rules: Rules;
  /** A replica of retention, 40 days from now. */
  replica(bounds?: Bounds): TestRemoving;
  /** A process of its own that removes and dies at a failpoint, as by kill -9. */
  crash(failpoint: string): Promise<void>;
  /** Stores and seals events as one segment. */
  keep(...events: ChangeEvent[]): Promise<void>;
  verify(): Promise<AuditVerdict>;
  verifyFile(): Promise<FileVerdict>;
  stored(): Promise<string[]>;
}

/** A tenant of its own in an audit that may be shared. */
export function removalTrailIn(audit: TestAudit): RemovalTrail {
  const tenantId = uuidv7();
  const rules: Rules = { days: { deal: 30 }, held: [] };
  const admin = { tenantId };
  const records = audit.connection.collection<{ _id: string }>('auditrecords');
  const stored = async () => (await records.find({ tenantId }).toArray()).map(({ _id }) => _id);
  return {
    audit,
    tenantId,
    rules,
    stored,
    replica: (bounds) => startReplica(audit, tenantId, rules, bounds),
    crash: (failpoints) =>
      crashIn({ failpoints, tenantId, rules, database: audit.connection.name, secret: audit.secret }),
    async keep(...events) {
      await audit.bus.publish(...events);
      const ids = events.map(({ id }) => id);
      while ((await records.countDocuments({ _id: { $in: ids } })) < new Set(ids).size);
      await audit.seal();
    },
    verify: async () => (await audit.get('/audit-logs/verify', admin)).body as AuditVerdict,
    verifyFile: async () => {
      const { keys } = (await audit.getWithoutToken('/audit-logs/keys')).body as { keys: SealKey[] };
      const lines = (await audit.text('/audit-logs/export/sealed', admin)).split('\n');
      return checkExport(lineByLine(lines), { trusted: keys });
    },
  };
}

/** What a process that is to die has to know. */
export interface Crash {
  failpoints: string;
  tenantId: string;
  rules: Rules;
  database: string;
  secret: string;
}

async function crashIn(crash: Crash): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('removal-crash.ts', import.meta.url))], {
    env: { ...process.env, PIPEDESK_CRASH: JSON.stringify(crash) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  const signal = await new Promise((resolve) => child.once('exit', (_code, by) => resolve(by)));
  if (signal !== 'SIGKILL') throw new Error(`the child was to die by SIGKILL: ${String(signal)} ${errors}`);
}
