import { ProblemError } from '@pipedesk/service-kit';

/** One answer for links that never were, were used, withdrawn, or are too old. */
export function linkExpired(): ProblemError {
  return new ProblemError(410, 'link_expired', {
    detail: 'This link was used before or has expired. Ask for a new one.',
  });
}
