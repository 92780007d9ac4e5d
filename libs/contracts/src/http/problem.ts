import { z } from 'zod';

/** One field that was refused; `path` is dotted, e.g. `amount.currency`. */
export const fieldErrorSchema = z.object({
  in: z.enum(['params', 'query', 'headers', 'body']),
  path: z.string(),
  message: z.string(),
});

/**
 * The one shape of every error answer: RFC 9457 problem details with a stable machine-readable `code`
 * (`deal_not_found`) and the request id to quote to support.
 */
export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  errors: z.array(fieldErrorSchema).optional(),
  requestId: z.string().optional(),
});

export type FieldError = z.infer<typeof fieldErrorSchema>;
export type Problem = z.infer<typeof problemSchema>;
