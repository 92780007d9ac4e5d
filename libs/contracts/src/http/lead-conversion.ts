import { z } from 'zod';
import { daySchema, idSchema } from '../ids.ts';
import { moneySchema } from '../money.ts';
import { lineSchema } from '../text.ts';

const existing = z.strictObject({ id: idSchema });

/** A new deal; what is left out comes from the lead. */
const newDeal = z.strictObject({
  name: lineSchema(200).optional(),
  stage: z.enum(['prospecting', 'engaging', 'proposal', 'negotiation']).default('prospecting'),
  amount: moneySchema.nullable().default(null),
  product: lineSchema(200).nullable().default(null),
  expectedCloseOn: daySchema.nullable().default(null),
});
const newCompany = z.strictObject({ name: lineSchema(200).optional() });

/** What becomes of a lead: a new deal or one that is there, and a company of either kind or none. */
export const convertLeadBody = z.strictObject({
  deal: z.union([existing, newDeal]).default(newDeal.parse({})),
  company: z.union([existing, newCompany]).nullable().default(null),
});
export type LeadConversion = z.infer<typeof convertLeadBody>;

/** What a lead has become. */
export const convertedToSchema = z.object({ dealId: idSchema, companyId: idSchema.nullable() });
export type ConvertedTo = z.infer<typeof convertedToSchema>;
