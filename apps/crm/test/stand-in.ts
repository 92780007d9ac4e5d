import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands in for another service: answers what it was given, to those whose token says nothing else. */
export interface StandIn {
  url: string;
  /** Documents by path. */
  documents: Map<string, object>;
  /** Answers everything with this status until told otherwise. */
  answerWith(status: number | undefined): void;
  close(): Promise<void>;
}

/** @param refusal what it says with a 403 */
export async function startStandIn(refusal: object): Promise<StandIn> {
  const documents = new Map<string, object>();
  let forced: number | undefined;
  const server = createServer((req, res) => {
    const document = documents.get(decodeURIComponent(req.url ?? ''));
    const isKnown = req.headers.authorization?.startsWith('Bearer ') && document;
    res.statusCode = forced ?? (isKnown ? 200 : 404);
    res.end(JSON.stringify(forced === 403 ? refusal : (document ?? {})));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    documents,
    answerWith: (status) => void (forced = status),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** As services say that somebody may not read something. */
export function refusalOf(permission: string, detail: string) {
  return {
    type: 'urn:pipedesk:problem:permission_denied',
    title: 'Forbidden',
    status: 403,
    code: 'permission_denied',
    detail,
    permission,
    rule: `${permission}/own`,
    rulesVersion: '0123456789ab',
  };
}
