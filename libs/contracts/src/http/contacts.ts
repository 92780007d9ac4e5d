import { z } from 'zod';
import { idSchema } from '../ids.ts';
import { emailSchema, lineSchema } from '../text.ts';
import { pageOf, pageQuery } from './paging.ts';
import {
  customFieldsSchema,
  maskedFields,
  ownedFields,
  ownerQuery,
  patchOf,
  recordFields,
} from './record.ts';

/** `work`, `home`, `assistant`: whatever tells one from the other. */
const label = lineSchema(40).nullable();
const most = 20;

const emailInput = z.strictObject({
  address: emailSchema,
  label: label.default(null),
  primary: z.boolean().default(false),
});
const phoneInput = z.strictObject({ number: lineSchema(40), label: label.default(null) });

export type ContactEmail = z.infer<typeof emailInput>;
export type ContactPhone = z.infer<typeof phoneInput>;

/** One address is the one to write to; unless told, the first. */
export function withPrimary(emails: ContactEmail[]): ContactEmail[] {
  return emails.some(({ primary }) => primary)
    ? emails
    : emails.map((email, index) => ({ ...email, primary: index === 0 }));
}

const emailsInput = z
  .array(emailInput)
  .max(most)
  .refine(
    (emails) => emails.filter(({ primary }) => primary).length < 2,
    'only one of the addresses is the primary one',
  )
  .refine(
    (emails) => new Set(emails.map(({ address }) => address)).size === emails.length,
    'must not name an address twice',
  )
  .transform(withPrimary);

/** One name as people write it: not every name has a first and a last part, and leads have one name too. */
const fields = {
  name: lineSchema(200),
  title: lineSchema(120).nullable(),
  emails: emailsInput,
  phones: z.array(phoneInput).max(most),
  companyId: idSchema.nullable(),
  customFields: customFieldsSchema,
};

export const contactSchema = z.object({
  ...recordFields,
  ...fields,
  emails: z.array(z.object({ address: z.string(), label: z.string().nullable(), primary: z.boolean() })),
  phones: z.array(z.object({ number: z.string(), label: z.string().nullable() })),
  /** Where a contact went that is deleted because it was merged into another. */
  mergedInto: idSchema.nullable().default(null),
  ...ownedFields,
  ...maskedFields,
});
export type Contact = z.infer<typeof contactSchema>;

export const createContactBody = z.strictObject({
  name: fields.name,
  title: fields.title.default(null),
  emails: fields.emails.default([]),
  phones: fields.phones.default([]),
  companyId: fields.companyId.default(null),
  customFields: fields.customFields.default({}),
});
export type NewContact = z.infer<typeof createContactBody>;

export const restorableContact = z.strictObject(fields);
export const changeContactBody = patchOf(restorableContact);
export type ContactPatch = z.infer<typeof changeContactBody>;

export const contactListQuery = z.strictObject({
  ...pageQuery,
  ownerId: ownerQuery.optional(),
  companyId: idSchema.optional(),
  /** Any of a contact's addresses. */
  email: emailSchema.optional(),
});
export type ContactListQuery = z.infer<typeof contactListQuery>;
export const contactPage = pageOf(contactSchema);
