import type { Request, Response } from 'express';

/** How many records an answer carries. The gateway counts them by user and hour, and takes the header away. */
export const recordsReadHeader = 'x-records-read';

/** Learns how many records a caller has been given. */
export type TellRecords = (req: Request, res: Response, records: number) => void;

export const tellByHeader: TellRecords = (_req, res, records) => {
  res.set(recordsReadHeader, String(records));
};

/** The items of a list or feed; any other answer is one record. */
export function recordsIn(body: unknown): number {
  const items: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'items') : undefined;
  return Array.isArray(items) ? items.length : 1;
}
