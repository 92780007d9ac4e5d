import type { ChangeEvent } from '@pipedesk/contracts';

/** As much of a change event as says what has become of a record. */
export function buildEvent(
  subject: string,
  tenantid: string,
  data: Pick<ChangeEvent['data'], 'action' | 'version' | 'after'>,
): ChangeEvent {
  return { subject, tenantid, data } as ChangeEvent;
}
