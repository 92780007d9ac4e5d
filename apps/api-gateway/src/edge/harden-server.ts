import { type ListenOptions, problemDocument, ProblemError } from '@pipedesk/service-kit';
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { targetTooLong } from './request-target.ts';

/** The edge refuses a request without Host by itself: Node's own refusal has no body. */
export const edgeListening: ListenOptions = { requireHostHeader: false };

/**
 * What never becomes a request is answered as a problem too: what the parser refuses (two kinds of length, unknown
 * transfer codings, bare line feeds, oversize headers), CONNECT, and clients too slow to finish their headers. Clients
 * that ask before they send a body are told to go on only after they are admitted.
 */
export function hardenServer(server: Server): void {
  server.on('clientError', (error: ParserError, socket: Duplex) => {
    refuseRaw(socket, problemOf(error));
  });
  server.on('connect', (_req, socket: Duplex) => {
    const headers = { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE' };
    refuseRaw(
      socket,
      new ProblemError(405, 'method_not_allowed', { detail: 'CONNECT is not served here.', headers }),
    );
  });
  server.on('checkContinue', (req, res) => server.emit('request', req, res));
}

interface ParserError extends NodeJS.ErrnoException {
  /** What arrived last. */
  rawPacket?: Buffer;
}

/** The parser counts the first line as a header; when that alone is too long the client should know. */
const requestLineLimit = 9_000;
const longRequestLine = /^[A-Z]{3,10} [^ \r\n]{8900,}$/;

/** Codes of Node's HTTP parser and server: https://nodejs.org/api/http.html#event-clienterror */
function problemOf({ code, rawPacket }: ParserError): ProblemError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      if (longRequestLine.test(rawPacket?.toString('latin1', 0, requestLineLimit) ?? ''))
        return targetTooLong();
      return new ProblemError(431, 'headers_too_large', { detail: 'The headers are larger than 16 KiB.' });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ProblemError(408, 'request_timeout', { detail: 'The request did not arrive in time.' });
    default:
      return new ProblemError(400, 'malformed_request', {
        detail: 'The request is not well-formed HTTP/1.1.',
      });
  }
}

function refuseRaw(socket: Duplex, problem: ProblemError): void {
  if (!socket.writable || hasAnswerStarted(socket)) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(problemDocument(problem, undefined));
  const headers = {
    ...problem.options.headers,
    'X-Content-Type-Options': 'nosniff',
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join('')}\r\n${body}`);
  // The client gets a moment to read the answer; after that it does not matter whether it has closed.
  setTimeout(() => socket.destroy(), 1_000).unref();
}

/** Node keeps the answer at hand on the socket; its own handling of `clientError` looks at it in the same way. */
function hasAnswerStarted(socket: Duplex): boolean {
  const answer = Reflect.get(socket, '_httpMessage') as ServerResponse | null | undefined;
  return answer?.headersSent ?? false;
}
