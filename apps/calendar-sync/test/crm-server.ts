import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server that answers reads of records as crm does, over the records it was told about. */
export interface CrmServer {
  url: string;
  /** Answers `GET /<path>/<id>` with this status from now on; unknown records answer 404. */
  know(path: 'leads' | 'deals' | 'companies' | 'contacts', id: string, status?: number): void;
  /** Every request so far: its path and its token. */
  requests: { path: string; authorization: string | undefined }[];
  stop(): Promise<void>;
}

export async function startCrmServer(): Promise<CrmServer> {
  const records = new Map<string, number>();
  const requests: CrmServer['requests'] = [];
  const server = createServer((req, res) => {
    const path = req.url ?? '';
    requests.push({ path, authorization: req.headers.authorization });
    answer(res, path, records.get(path) ?? 404);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    know: (path, id, status = 200) => void records.set(`/${path}/${id}`, status),
    requests,
    stop: () => stop(server),
  };
}

function answer(res: ServerResponse, path: string, status: number): void {
  const id = path.split('/').at(-1);
  const body =
    status === 200
      ? { id, version: 1 }
      : { type: 'about:blank', title: '', status, detail: '', code: `c${status}` };
  res.writeHead(status, { 'content-type': status === 200 ? 'application/json' : 'application/problem+json' });
  res.end(JSON.stringify(body));
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
