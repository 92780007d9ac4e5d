import { z } from 'zod';
import { daySchema, idSchema } from '../ids.ts';
import { moneySchema } from '../money.ts';
import { lineSchema } from '../text.ts';
import { pageOf, pageQuery } from './paging.ts';
import {
  customFieldsSchema,
  maskedFields,
  ownedFields,
  ownerQuery,
  patchOf,
  recordFields,
} from './record.ts';

/** The default pipeline, in order; `won` and `lost` close a deal. */
export const dealStages = ['prospecting', 'engaging', 'proposal', 'negotiation', 'won', 'lost'] as const;
export const dealStageSchema = z.enum(dealStages);
export type DealStage = z.infer<typeof dealStageSchema>;

/** The people a deal is done with. */
const contactIdsSchema = z
  .array(idSchema)
  .max(20)
  .refine((ids) => new Set(ids).size === ids.length, 'must not name a contact twice');

const fields = {
  name: lineSchema(200),
  companyId: idSchema.nullable(),
  contactIds: contactIdsSchema,
  product: lineSchema(200).nullable(),
  amount: moneySchema.nullable(),
  engagedOn: daySchema.nullable(),
  expectedCloseOn: daySchema.nullable(),
  externalId: lineSchema(100).nullable(),
  customFields: customFieldsSchema,
};

export const dealSchema = z.object({
  ...recordFields,
  ...fields,
  // Deals of before there were contacts have no list.
  contactIds: z.array(idSchema).default([]),
  pipeline: z.string(),
  stage: dealStageSchema,
  probability: z.int().min(0).max(100),
  closedOn: daySchema.nullable(),
  ...ownedFields,
  ...maskedFields,
});
export type Deal = z.infer<typeof dealSchema>;

export const createDealBody = z.strictObject({
  name: fields.name,
  companyId: fields.companyId.default(null),
  contactIds: fields.contactIds.default([]),
  product: fields.product.default(null),
  amount: fields.amount.default(null),
  stage: dealStageSchema.default('prospecting'),
  engagedOn: fields.engagedOn.default(null),
  expectedCloseOn: fields.expectedCloseOn.default(null),
  closedOn: daySchema.nullable().default(null),
  externalId: fields.externalId.default(null),
  customFields: fields.customFields.default({}),
});
export type NewDeal = z.infer<typeof createDealBody>;

export const changeDealBody = patchOf(z.strictObject(fields));
export type DealPatch = z.infer<typeof changeDealBody>;

export const moveStageBody = z
  .strictObject({ stage: dealStageSchema, closedOn: daySchema.optional() })
  .refine(({ stage, closedOn }) => closedOn === undefined || stage === 'won' || stage === 'lost', {
    path: ['closedOn'],
    error: 'only won and lost deals have a close date',
  });

/** What of a deal an earlier version can give back. */
export const restorableDeal = z.strictObject({
  ...fields,
  stage: dealStageSchema,
  closedOn: daySchema.nullable(),
});
export type RestoredDeal = Partial<z.infer<typeof restorableDeal>>;

export const dealListQuery = z.strictObject({
  ...pageQuery,
  stage: dealStageSchema.optional(),
  ownerId: ownerQuery.optional(),
  companyId: idSchema.optional(),
  contactId: idSchema.optional(),
  externalId: lineSchema(100).optional(),
});
export const dealPage = pageOf(dealSchema);
export type DealListQuery = z.infer<typeof dealListQuery>;
export type StageMove = z.infer<typeof moveStageBody>;
