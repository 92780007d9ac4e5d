import type { AuditVerdict, ChangeEvent, SealKey } from '@pipedesk/contracts';
import { createLogger } from '@pipedesk/service-kit';
import { buildEvent } from '@pipedesk/testing';
import { v7 as uuidv7 } from 'uuid';
import { checkExport, type FileVerdict } from '../src/seals/format/export-file.ts';
import { buildDealHistory } from './deal-events.ts';
import { createAuditLogModels } from '../src/audit-logs/audit-log.model.ts';
import { createSealing, type Sealing } from '../src/seals/sealing.ts';
import { startAudit, type TestAudit } from './start-audit.ts';

/** A lead whose event has every member that events can have. */
export function buildLeadEvent(
  tenantId: string,
  overrides: Parameters<typeof buildEvent>[0] = {},
): ChangeEvent {
  const lead = {
    name: 'Ann Lee',
    email: 'ann@lee.example',
    status: 'working',
    ownerId: uuidv7(),
    source: 'web',
  };
  const event = buildEvent({
    tenantId,
    entityType: 'lead',
    version: 2,
    before: { ...lead, email: 'old@lee.example', teamId: null, customFields: { nick: 'Annie' } },
    after: { ...lead, teamId: null, customFields: { nick: 'Annie' } },
    changes: [{ field: 'email', before: 'old@lee.example', after: 'ann@lee.example' }],
    links: [{ entityType: 'company', entityId: uuidv7() }],
    context: {
      operationId: 'import-1',
      apiKeyId: 'key-1',
      restoredFrom: 1,
      authority: {
        source: 'grant',
        rule: `grant/${uuidv7()}`,
        permission: 'leads:edit',
        scope: 'team',
        rulesVersion: '0123456789ab',
        grantsVersion: 'ba9876543210',
      },
    },
    ...overrides,
  });
  return { ...event, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
}

/** A tenant's records in several segments, and both verifiers on them. */
export interface SealedTrail {
  audit: TestAudit;
  tenantId: string;
  /** Ids in the order of the chain. */
  ids: string[];
  verify(query?: string): Promise<AuditVerdict>;
  verifyFile(witness?: string): Promise<FileVerdict>;
}

export const segmentsBuilt = 3;

/** As events were before they kept the rule that allowed them. */
const ofBefore = { context: { authority: undefined } };

/** Three segments of seven records each. */
export async function startSealedTrail(): Promise<SealedTrail> {
  const audit = await startAudit();
  const tenantId = uuidv7();
  for (let segment = 1; segment <= segmentsBuilt; segment++) {
    await audit.bus.publish(
      ...buildDealHistory(6, { tenantId }),
      buildLeadEvent(tenantId, segment === 1 ? ofBefore : {}),
    );
    await audit.stored(segment * 7);
    await audit.seal();
  }
  const seals = audit.connection.collection('auditseals').find({ tenantId }).sort({ segment: 1 });
  const ids = (await seals.toArray()).flatMap((seal) => seal.ids as string[]);
  const admin = { tenantId };
  const { keys } = (await audit.getWithoutToken('/audit-logs/keys')).body as { keys: SealKey[] };
  return {
    audit,
    tenantId,
    ids,
    verify: async (query = '') => (await audit.get(`/audit-logs/verify${query}`, admin)).body as AuditVerdict,
    verifyFile: async (witness) => {
      const lines = (await audit.text('/audit-logs/export/sealed', admin)).split('\n');
      return checkExport(lineByLine(lines), { trusted: keys, witness });
    },
  };
}

export async function* lineByLine(lines: string[]): AsyncGenerator<string> {
  for (const line of lines) yield await Promise.resolve(line);
}

/** What another replica seals with. */
export function sealingOf({ connection, keySecret }: Pick<TestAudit, 'connection' | 'keySecret'>): Sealing {
  return createSealing({
    connection,
    // Models belong to a connection by name, and the service's own has them already.
    models: createAuditLogModels(connection.useDb(connection.name, { useCache: false })),
    keySecret,
    sealing: { rotateAfter: 86_400_000, trustedKeys: [] },
    log: createLogger('audit', 'silent'),
    clock: () => new Date(),
  });
}
