import { ProblemError } from '@pipedesk/service-kit';

/** True for an expected failure with one of these statuses; an outage must never look like one. */
export function isProblem(error: unknown, ...statuses: number[]): boolean {
  return error instanceof ProblemError && statuses.includes(error.status);
}
