/** The body of a valid `POST /deals`. */
export function buildDeal(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: 'Forty seats', amount: { amount: 1_200_000, currency: 'USD' }, ...overrides };
}
