import type { AuditRecord, ChangeEvent } from '@pipedesk/contracts';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands in for audit: answers the records it was given, to those whose token says nothing else. */
export interface AuditServer {
  url: string;
  /** Remembers events as audit would have stored them. */
  store(events: ChangeEvent[], more?: Partial<AuditRecord>): void;
  /** Answers everything with this status until told otherwise. */
  answerWith(status: number | undefined): void;
  close(): Promise<void>;
}

/** As audit says that somebody may not read a record. */
const refusal = {
  type: 'urn:pipedesk:problem:permission_denied',
  title: 'Forbidden',
  status: 403,
  code: 'permission_denied',
  detail: 'You have audit:read on your own records only, and this is not one.',
  permission: 'audit:read',
  rule: 'audit:read/own',
  rulesVersion: '0123456789ab',
};

export async function startAuditServer(): Promise<AuditServer> {
  const records = new Map<string, AuditRecord>();
  let forced: number | undefined;
  const server = createServer((req, res) => {
    const record = records.get(decodeURIComponent(req.url ?? '').replace('/audit-logs/', ''));
    const isKnown = req.headers.authorization?.startsWith('Bearer ') && record;
    res.statusCode = forced ?? (isKnown ? 200 : 404);
    res.end(JSON.stringify(forced === 403 ? refusal : (record ?? {})));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    store: (events, more) => {
      for (const event of events) records.set(event.id, { ...recordOf(event), ...more });
    },
    answerWith: (status) => void (forced = status),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function recordOf({ id, type, subject, time, data }: ChangeEvent): AuditRecord {
  const [entityType, entityId = ''] = subject.split('/');
  return {
    id,
    type,
    entityType: entityType as AuditRecord['entityType'],
    entityId,
    time,
    receivedAt: time,
    ...data,
  };
}
