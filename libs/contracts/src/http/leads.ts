import { z } from 'zod';
import { emailSchema, lineSchema } from '../text.ts';
import { convertedToSchema } from './lead-conversion.ts';
import { pageOf, pageQuery } from './paging.ts';
import {
  customFieldsSchema,
  maskedFields,
  ownedFields,
  ownerQuery,
  patchOf,
  recordFields,
} from './record.ts';

/** What people set; a lead is converted by its conversion alone. */
const openStatuses = ['new', 'working', 'qualified', 'disqualified'] as const;
export const leadStatusSchema = z.enum([...openStatuses, 'converted']);

const fields = {
  name: lineSchema(200),
  email: emailSchema.nullable(),
  phone: lineSchema(40).nullable(),
  companyName: lineSchema(200).nullable(),
  status: z.enum(openStatuses),
  source: lineSchema(120).nullable(),
  customFields: customFieldsSchema,
};

export const leadSchema = z.object({
  ...recordFields,
  ...fields,
  email: z.string().nullable(),
  status: leadStatusSchema,
  /** Leads of before conversions have none. */
  convertedTo: convertedToSchema.nullable().default(null),
  ...ownedFields,
  ...maskedFields,
});
export type Lead = z.infer<typeof leadSchema>;

export const createLeadBody = z.strictObject({
  name: fields.name,
  email: fields.email.default(null),
  phone: fields.phone.default(null),
  companyName: fields.companyName.default(null),
  status: fields.status.default('new'),
  source: fields.source.default(null),
  customFields: fields.customFields.default({}),
});
export type NewLead = z.infer<typeof createLeadBody>;

export const restorableLead = z.strictObject(fields);
export const changeLeadBody = patchOf(restorableLead);
export const leadListQuery = z.strictObject({
  ...pageQuery,
  status: leadStatusSchema.optional(),
  ownerId: ownerQuery.optional(),
});
export const leadPage = pageOf(leadSchema);
export type LeadPatch = z.infer<typeof changeLeadBody>;
export type LeadListQuery = z.infer<typeof leadListQuery>;
