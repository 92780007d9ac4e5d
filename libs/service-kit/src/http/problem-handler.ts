import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from '../logger.ts';
import { badRequest, notFound, problemDocument, ProblemError } from './problem.ts';
import { originOf } from './request-origin.ts';

/** Turns a library's error into a problem; undefined when it does not know the error. */
export type ErrorMapper = (error: unknown) => ProblemError | undefined;

/** The one place where errors become answers. Defects are logged with their stack and answered without it. */
export function problemHandler(log: Logger, mappers: ErrorMapper[]): ErrorRequestHandler {
  const allMappers = [...mappers, bodyParserProblem, uriProblem];
  return (error: unknown, req, res, next) => {
    const origin = originOf(req);
    const problem = toProblem(error, allMappers);
    if (problem.status >= 500)
      log.error({ err: error, requestId: origin.requestId, path: req.path }, 'request failed');
    if (res.headersSent) return next(error);
    res.set(problem.options.headers ?? {});
    res
      .status(problem.status)
      .type('application/problem+json')
      .send(JSON.stringify(problemDocument(problem, origin.requestId)));
  };
}

/** Answers whatever no route took. */
export const routeNotFound: RequestHandler = () => {
  throw notFound('route_not_found', { detail: 'No route answers this path.' });
};

function toProblem(error: unknown, mappers: ErrorMapper[]): ProblemError {
  if (error instanceof ProblemError) return error;
  for (const map of mappers) {
    const problem = map(error);
    if (problem) return problem;
  }
  return new ProblemError(500, 'internal_error', {
    detail: 'Something failed on our side. Quote the request id to support.',
  });
}

const bodyProblems: Record<string, [status: number, code: string, detail: string]> = {
  'entity.parse.failed': [400, 'malformed_json', 'The body is not valid JSON.'],
  'json.too.deep': [400, 'json_too_deep', 'The body nests deeper than 64 levels.'],
  'request.aborted': [400, 'request_aborted', 'The body ended before its announced length.'],
  'request.size.invalid': [400, 'content_length_mismatch', 'The body does not have its announced length.'],
  'entity.too.large': [413, 'body_too_large', 'The body is larger than this route accepts.'],
  'encoding.unsupported': [415, 'unsupported_encoding', 'This content encoding is not supported.'],
  'charset.unsupported': [415, 'unsupported_charset', 'Send the body as UTF-8.'],
};

/** body-parser marks its errors with a `type`: https://expressjs.com/en/resources/middleware/body-parser.html#errors */
function bodyParserProblem(error: unknown): ProblemError | undefined {
  const type = error instanceof Error && 'type' in error ? String(error.type) : '';
  const known = bodyProblems[type];
  return known && new ProblemError(known[0], known[1], { detail: known[2] });
}

/** Express decodes path parameters and throws URIError on a broken percent-encoding. */
function uriProblem(error: unknown): ProblemError | undefined {
  return error instanceof URIError
    ? badRequest('malformed_path', { detail: 'The path is not valid percent-encoding.' })
    : undefined;
}
