import { z } from 'zod';

/** Money as integer minor units (cents for EUR) so that no sum is ever rounded; currency is ISO 4217. */
export const moneySchema = z.strictObject({
  amount: z.int().min(0).max(1_000_000_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as USD'),
});

export type Money = z.infer<typeof moneySchema>;
