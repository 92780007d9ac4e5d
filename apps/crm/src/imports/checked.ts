import type { z } from 'zod';
import { RowRejected } from './row-reader.ts';

/** Holds an imported record to the very contract that the API holds clients to. */
export function checked<Schema extends z.ZodType>(schema: Schema, value: z.input<Schema>): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  throw new RowRejected(reasons.join('; '));
}
