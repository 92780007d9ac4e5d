import { type AuditRecord, type FieldError, holdsRedacted, type RestoreVersion } from '@pipedesk/contracts';
import { unprocessable } from '@pipedesk/service-kit';
import type { z } from 'zod';

/**
 * The values an old version gives back, by today's contract. A field that the version does not have, because it is
 * younger, stays as it is unless it is asked for.
 * @throws ProblemError 422 naming each field that cannot be restored: none of this record's, not kept by audit
 * (a secret, or erased), or no longer valid; and for a version that is a deletion
 */
export function restoredFields<Fields extends object>(
  schema: z.ZodObject<z.ZodRawShape, z.core.$strict> & z.ZodType<Fields>,
  { after, erased = [], version }: Pick<AuditRecord, 'after' | 'erased' | 'version'>,
  { fields }: RestoreVersion,
): Partial<Fields> {
  if (!after)
    throw unprocessable('version_is_deletion', {
      detail: `Version ${version} is a deletion; choose the one before.`,
    });
  const wanted = fields ?? Object.keys(schema.shape).filter((field) => Object.hasOwn(after, field));
  const isErased = (field: string) =>
    erased.some((path) => path === `after.${field}` || path === `both.${field}`);
  const restored = new Map<string, unknown>();
  const errors: FieldError[] = [];
  for (const field of wanted) {
    const refuse = (message: string) => errors.push({ in: 'body', path: field, message });
    const rule = Object.hasOwn(schema.shape, field) ? schema.shape[field] : undefined;
    if (!rule) refuse('is no field that can be restored');
    else if (!Object.hasOwn(after, field)) refuse(`was not there in version ${version}`);
    else if (isErased(field) || holdsRedacted(after[field])) refuse('is not kept by audit');
    else {
      const parsed = (rule as z.ZodType).safeParse(after[field]);
      if (parsed.success) restored.set(field, parsed.data);
      else refuse(`is no longer valid: ${parsed.error.issues[0]?.message}`);
    }
  }
  if (errors.length > 0)
    throw unprocessable('version_not_restorable', {
      detail: `${errors[0]?.path} of version ${version} ${errors[0]?.message}. Name the fields to restore in \`fields\` to leave it out.`,
      errors,
    });
  return Object.fromEntries(restored) as Partial<Fields>;
}
