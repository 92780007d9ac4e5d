import { type Contact, type MergeContacts, restorableContact, withPrimary } from '@pipedesk/contracts';
import { unprocessable } from '@pipedesk/service-kit';

/**
 * What a contact is with another's values: its own come first, gaps are filled, lists are joined. Taking them twice is
 * taking them once.
 */
export function withValuesOf(contact: Contact, other: Contact): Contact {
  const addresses = new Set(contact.emails.map(({ address }) => address));
  const numbers = new Set(contact.phones.map(({ number }) => number));
  const isUnwritten = contact.emails.length === 0;
  return {
    ...contact,
    title: contact.title ?? other.title,
    companyId: contact.companyId ?? other.companyId,
    emails: withPrimary([
      ...contact.emails,
      ...other.emails
        .filter(({ address }) => !addresses.has(address))
        .map((email) => ({ ...email, primary: isUnwritten && email.primary })),
    ]),
    phones: [...contact.phones, ...other.phones.filter(({ number }) => !numbers.has(number))],
    customFields: { ...other.customFields, ...contact.customFields },
  };
}

/**
 * Refuses what would make a contact that breaks its own contract, such as one with more addresses than it may have.
 * @throws ProblemError 422 `merge_invalid` naming the fields that need a value in `fields`
 */
export function requireMergeable(
  survivor: Contact,
  others: Contact[],
  fields: MergeContacts['fields'],
): void {
  const merged = { ...others.reduce(withValuesOf, survivor), ...fields };
  const own = Object.keys(restorableContact.shape).map(
    (field) => [field, Reflect.get(merged, field)] as const,
  );
  const parsed = restorableContact.safeParse(Object.fromEntries(own));
  if (parsed.success) return;
  const errors = parsed.error.issues.map(({ path, message }) => ({
    in: 'body' as const,
    path: ['fields', ...path].join('.'),
    message: `together: ${message}`,
  }));
  throw unprocessable('merge_invalid', {
    detail: `${errors[0]?.path} ${errors[0]?.message}. Say in \`fields\` what the merged contact is to have.`,
    errors,
  });
}
