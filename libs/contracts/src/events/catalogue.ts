import { type ChangeEvent, changeEventSchema, eventId, type EntityType, subjectOf } from './envelope.ts';

/** Every record kind's events start with the service that owns it: `crm.deal.updated`, `auth.user.created`. */
export const eventPrefixes: Record<EntityType, string> = {
  tenant: 'auth.tenant',
  user: 'auth.user',
  session: 'auth.session',
  team: 'auth.team',
  invitation: 'auth.invitation',
  api_key: 'auth.api_key',
  grant: 'auth.grant',
  login_attempt: 'auth.login_attempt',
  access_refusal: 'auth.access_refusal',
  legacy_access: 'auth.legacy_access',
  company: 'crm.company',
  contact: 'crm.contact',
  lead: 'crm.lead',
  deal: 'crm.deal',
  note: 'crm.note',
  task: 'crm.task',
  import: 'crm.import',
  calendar_event: 'calendar.event',
  erasure: 'audit.erasure',
  audit_access: 'audit.access',
  audit_stream: 'audit.stream',
  audit_retention: 'audit.retention',
  audit_hold: 'audit.hold',
  audit_removal: 'audit.removal',
};

/** An event that contradicts itself or the contract; it can never become valid, so it must not be retried. */
export class InvalidEvent extends Error {
  override name = 'InvalidEvent';
}

/**
 * Checks an event against the envelope and against itself: its id, type and subject must name the same record.
 * Used on publish and on consume, so neither side can drift.
 * @throws InvalidEvent naming what is wrong
 */
export function parseChangeEvent(value: unknown): ChangeEvent {
  const parsed = changeEventSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new InvalidEvent(`event does not match the contract: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  assertConsistent(parsed.data);
  return parsed.data;
}

function assertConsistent(event: ChangeEvent): void {
  const { entityType, entityId } = parseSubject(event);
  if (event.id !== eventId(entityType, entityId, event.data.version)) {
    throw new InvalidEvent(
      `event id ${event.id} does not belong to ${event.subject} version ${event.data.version}`,
    );
  }
  if (!event.type.startsWith(`${eventPrefixes[entityType]}.`)) {
    throw new InvalidEvent(`event type ${event.type} does not belong to ${event.subject}`);
  }
}

function parseSubject(event: ChangeEvent): ReturnType<typeof subjectOf> {
  try {
    return subjectOf(event);
  } catch {
    throw new InvalidEvent(`event subject ${event.subject} names no known record`);
  }
}
