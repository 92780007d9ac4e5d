import { badRequest, ProblemError } from '@pipedesk/service-kit';

/** RFC 3986 path characters; what is missing on purpose: `;` (matrix parameters), `\`, control and non-ASCII bytes. */
const plainPath = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,=:@/]|%[0-9A-Fa-f]{2})*$/;
/** Encoded `.`, `/`, `\`, NUL and controls: whoever decodes once more than we do would see another path. */
const disguised = /%(?:2e|2f|5c|[01][0-9a-f]|7f)/i;
/** `.` or `..` as a whole segment, and empty segments. */
const ambiguousSegment = /\/\.{0,2}\/|\/\.{1,2}$/;

/** Characters of path and query together. RFC 9110 section 4.1 asks for 8,000 at least. */
const longestTarget = 8_192;

export function targetTooLong(): ProblemError {
  return new ProblemError(414, 'target_too_long', {
    detail: `Path and query may have ${longestTarget} characters together.`,
  });
}

/**
 * The path of a request target, accepted only in the one form that every hop reads alike. Nothing is rewritten: a path
 * the gateway would have to tidy up is refused.
 * @throws ProblemError 400 `ambiguous_path`, 414 `target_too_long`
 */
export function pathOf(target: string): string {
  if (target.length > longestTarget) throw targetTooLong();
  const queryAt = target.indexOf('?');
  const path = queryAt === -1 ? target : target.slice(0, queryAt);
  const isPlain = plainPath.test(path) && !disguised.test(path) && !ambiguousSegment.test(path);
  // A fragment never belongs on the wire (RFC 9110 section 7.1).
  if (isPlain && !target.includes('#')) return path;
  throw badRequest('ambiguous_path', {
    detail: 'Send an absolute path without dot segments, empty segments, ";" or encoded separators.',
  });
}
