import { hash } from 'node:crypto';
import type { ChangeEvent } from '@pipedesk/contracts';

/** SHA-256 over the event in canonical form: the order of members does not count, everything else does. */
export function payloadHash(event: ChangeEvent): string {
  return hash('sha256', JSON.stringify(event, sortMembers), 'base64url');
}

function sortMembers(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
