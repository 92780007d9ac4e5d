import type { ChangeEvent } from '@pipedesk/contracts';
import { hash } from 'node:crypto';
import { canonical } from '../seals/format/canonical.ts';

/** SHA-256 over the event in canonical form: the order of members does not count, everything else does. */
export function payloadHash(event: ChangeEvent): string {
  return hash('sha256', canonical(event), 'base64url');
}
