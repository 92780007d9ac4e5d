import { type ProblemError, recordsReadHeader } from '@pipedesk/service-kit';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Dispatcher, Pool } from 'undici';
import { bodyTooLarge, failureOf, isLostConnection, noAnswerInTime } from './forward-failures.ts';
import type { Forwarding } from './forward.ts';
import { hasBody, headersForClient } from './headers.ts';
import { cutWhenUnread, sendProblem } from './send-problem.ts';
import type { ServiceName } from './services.ts';

/**
 * One request and its answer, as undici's handler of both. A class where the rest of the gateway has functions: one is
 * made for every request, and its methods are not.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #pool: Pool;
  readonly #service: ServiceName;
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #forwarding: Forwarding;
  readonly #silence: number;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #body: PassThrough | null = null;
  #mayRepeat: boolean;
  #isOver = false;

  constructor(
    pool: Pool,
    service: ServiceName,
    req: IncomingMessage,
    res: ServerResponse,
    forwarding: Forwarding,
    /** Longest time in which nothing moves, ms. */
    silence: number,
  ) {
    this.#pool = pool;
    this.#service = service;
    this.#req = req;
    this.#res = res;
    this.#forwarding = forwarding;
    this.#silence = silence;
    this.#timer = setTimeout(onSilence, silence, this);
    this.#mayRepeat = (req.method === 'GET' || req.method === 'HEAD') && !hasBody(req);
  }

  start(): void {
    const { method = '', url = '' } = this.#req;
    this.#body = this.#openBody();
    const { headers } = this.#forwarding;
    this.#pool.dispatch({ method, path: url, headers, body: this.#body }, this);
  }

  /** The client has gone, or has its answer. */
  abandon(): void {
    if (!this.#isOver) this.fail(clientGone);
  }

  fail(error: Error): void {
    if (this.#controller) this.#controller.abort(error);
    else this.onResponseError(null, error);
  }

  /** Nothing has moved for too long. */
  tellSilence(): void {
    const isClientSlow = !this.#req.complete && !(this.#body?.isPaused() ?? false);
    this.fail(noAnswerInTime(this.#service, this.#silence, isClientSlow));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Over before there was a connection.
    if (this.#isOver) controller.abort(clientGone);
  }

  onBodySent(): void {
    this.#timer.refresh();
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // What a service says in between (1xx) is for the gateway, which asks for nothing of the kind.
    if (status < 200) return;
    const { requestId, answerFields, tellRecords } = this.#forwarding;
    tellRecords?.(Number(headers[recordsReadHeader] ?? 0));
    this.#res.writeHead(status, headersForClient(headers, requestId, answerFields));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#timer.refresh();
    if (this.#res.write(chunk)) return;
    controller.pause();
    this.#res.once('drain', () => {
      controller.resume();
    });
  }

  onResponseEnd(): void {
    this.#finish();
    this.#res.end();
    cutWhenUnread(this.#res);
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#isOver) return;
    if (this.#mayRepeat && !this.#res.headersSent && isLostConnection(error)) {
      // The service closed the idle connection just as it was taken: it has not seen this request, and if it has,
      // reading twice does no harm.
      this.#mayRepeat = false;
      this.#controller = undefined;
      this.start();
      return;
    }
    this.#finish();
    if (this.#res.destroyed) return;
    // A truncated answer must not look like a whole one: cut the connection instead of ending it.
    if (this.#res.headersSent) this.#res.destroy();
    else this.#refuse(failureOf(this.#service, error));
  }

  #finish(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #refuse(problem: ProblemError): void {
    const { requestId, answerFields } = this.#forwarding;
    sendProblem(this.#res, problem, requestId, answerFields);
  }

  #openBody(): PassThrough | null {
    const req = this.#req;
    if (!hasBody(req)) return null;
    // Only now that the request is accepted is a client that asked beforehand told to go on.
    if (req.headers.expect !== undefined) this.#res.writeContinue();
    if (req.headers['content-length'] === undefined) this.#limitBody();
    // Undici destroys the body of a request that fails; the client's connection has to live on for the answer.
    const body = new PassThrough();
    body.on('error', () => undefined);
    return req.pipe(body);
  }

  /** Announced lengths are checked beforehand and enforced by the parser; chunked bodies are counted here. */
  #limitBody(): void {
    const { bodyLimit } = this.#forwarding;
    let received = 0;
    this.#req.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > bodyLimit) this.fail(bodyTooLarge(bodyLimit));
    });
  }
}

function onSilence(exchange: Exchange): void {
  exchange.tellSilence();
}

const clientGone = new Error('the client has gone');
