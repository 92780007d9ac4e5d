import { problemDocument, type ProblemError } from '@pipedesk/service-kit';
import type { ServerResponse } from 'node:http';
import { securityHeaders } from './security-headers.ts';

/** How long an unread body is swallowed after a refusal, ms, so that its sender can read the answer before the end. */
const linger = 1_000;

/**
 * Answers with a problem document. A body that was not read is drained for a moment, then its connection is cut.
 * @param fields further header fields, flat; the problem's own win
 */
export function sendProblem(
  res: ServerResponse,
  problem: ProblemError,
  requestId: string,
  fields: readonly string[] = [],
): void {
  const body = JSON.stringify(problemDocument(problem, requestId));
  res.writeHead(problem.status, {
    ...recordOf(securityHeaders),
    ...recordOf(fields),
    ...problem.options.headers,
    'X-Request-Id': requestId,
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  });
  res.end(body);
  cutWhenUnread(res);
}

function recordOf(fields: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let index = 0; index + 1 < fields.length; index += 2)
    record[fields[index] ?? ''] = fields[index + 1] ?? '';
  return record;
}

/** Ends a connection whose request body goes on although it has been answered. */
export function cutWhenUnread({ req }: ServerResponse): void {
  if (req.complete) return;
  const { socket } = req;
  req.unpipe();
  req.resume();
  const cut = setTimeout(() => socket.destroy(), linger);
  req.once('close', () => {
    clearTimeout(cut);
  });
}
