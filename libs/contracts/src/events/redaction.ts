import type { FieldChange, Snapshot } from './envelope.ts';

/** Stands in events where a secret stood. */
export const redacted = '[redacted]';

/**
 * Names whose values are secrets wherever they stand in a record: case, `_`, `-` and a plural do not count, and whatever
 * stands before them. `apiKeyId` and `tokenTtl` are none.
 */
const secretNames = [
  'password',
  'passwd',
  'passphrase',
  'passcode',
  'secret',
  'token',
  'apikey',
  'privatekey',
  'credential',
  'authorization',
  'cookie',
  'recoverycode',
  'otp',
];
const secretName = new RegExp(`(?:${secretNames.join('|')})(?:s|hash)?$`);

/** Fields have the same names in every event; the limit keeps made-up ones from filling the memory. */
const judged = new Map<string, boolean>();
const mostJudged = 10_000;

export function isSecretName(name: string): boolean {
  const known = judged.get(name);
  if (known !== undefined) return known;
  const isSecret = secretName.test(name.toLowerCase().replaceAll(/[_-]/g, ''));
  if (judged.size < mostJudged) judged.set(name, isSecret);
  return isSecret;
}

/** A record without the values of its secrets; that there are some stays visible. */
export function redactSnapshot<S extends Snapshot | null>(snapshot: S): S {
  return redactValue(snapshot) as S;
}

/** Changes without secret values; that a secret changed stays visible. */
export function redactChanges(changes: FieldChange[]): FieldChange[] {
  return changes.map(({ field, before, after }) =>
    field.split('.').some(isSecretName)
      ? { field, before: redactSecret(before), after: redactSecret(after) }
      : { field, before: redactValue(before), after: redactValue(after) },
  );
}

/** True for a value that is not what the record held, or holds one that is not. */
export function holdsRedacted(value: unknown): boolean {
  if (value === redacted) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsRedacted);
}

function redactValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redactValue);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  const members = Object.entries(value).map(([name, inner]): [string, unknown] => [
    name,
    isSecretName(name) ? redactSecret(inner) : redactValue(inner),
  ]);
  return Object.fromEntries(members);
}

/** Whether there is one at all is no secret. */
function redactSecret(value: unknown): unknown {
  return value === null || value === undefined ? null : redacted;
}
