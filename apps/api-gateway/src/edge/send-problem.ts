import { problemDocument, type ProblemError } from '@pipedesk/service-kit';
import type { ServerResponse } from 'node:http';

/** How long an unread body is swallowed after a refusal, ms, so that its sender can read the answer before the end. */
const linger = 1_000;

/** Answers with a problem document. A body that was not read is drained for a moment, then its connection is cut. */
export function sendProblem(res: ServerResponse, problem: ProblemError, requestId: string): void {
  const body = JSON.stringify(problemDocument(problem, requestId));
  res.writeHead(problem.status, {
    ...problem.options.headers,
    'X-Request-Id': requestId,
    'X-Content-Type-Options': 'nosniff',
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  });
  res.end(body);
  cutWhenUnread(res);
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
