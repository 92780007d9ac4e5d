import type { RequestHandler } from 'express';
import { request } from 'node:http';
import { createServiceApp, type ServiceAppOptions } from '../src/http/service-app.ts';
import { type HttpServer, listen } from '../src/http/server.ts';
import type { Route } from '../src/http/route.ts';
import { createLogger, type Logger } from '../src/logger.ts';
import { createMetrics } from '../src/ops/metrics.ts';
import { unauthorized } from '../src/http/problem.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** Whatever JSON it was: tests look into answers of every shape. */
  body: ReturnType<typeof JSON.parse>;
}

export interface TestService {
  http: HttpServer;
  /** Sends exactly this, which `fetch` would tidy up: path, headers and body as they are. */
  send(
    method: string,
    path: string,
    options?: { headers?: Record<string, string | string[]>; body?: string | Buffer },
  ): Promise<Answer>;
  json(method: string, path: string, body: unknown): Promise<Answer>;
}

/** Lets nobody in: routes of these tests are public, or the refusal is the point. */
export const nobody: RequestHandler = (_req, _res, next) => next(unauthorized('token_missing'));

export async function serve(
  routes: Route[],
  options: Partial<ServiceAppOptions> & { log?: Logger } = {},
): Promise<TestService> {
  const app = createServiceApp({
    service: 'test',
    log: createLogger('test', 'silent'),
    metrics: createMetrics('test'),
    routes,
    authenticate: nobody,
    trustedProxies: 'none',
    checks: {},
    isShuttingDown: () => false,
    ...options,
  });
  const http = await listen(app, '127.0.0.1', 0);
  const send: TestService['send'] = (method, path, { headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const req = request({ port: http.port, method, path, headers, agent: false }, (res) => {
        const parts: Buffer[] = [];
        res.on('data', (part: Buffer) => parts.push(part));
        res.on('end', () => {
          const text = Buffer.concat(parts).toString();
          const isJson = res.headers['content-type']?.includes('json') === true && text !== '';
          resolve({
            status: res.statusCode ?? 0,
            headers: res.headers,
            text,
            body: isJson ? JSON.parse(text) : undefined,
          });
        });
      });
      req.on('error', reject);
      req.end(body);
    });
  return {
    http,
    send,
    json: (method, path, body) =>
      send(method, path, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  };
}
