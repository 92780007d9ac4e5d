import { z } from 'zod';

/** Ids of every record are UUIDv7 (RFC 9562 section 5.7): sortable by creation time, safe to create anywhere. */
export const idSchema = z.uuidv7({ error: 'must be a UUIDv7' });

/** ISO 8601 in UTC with milliseconds, e.g. `2026-03-01T09:30:00.000Z`: the only form of a time on the wire. */
export const timeSchema = z.iso.datetime({
  precision: 3,
  error: 'must be an ISO 8601 UTC time with milliseconds',
});

/** A time as a client may send it: any ISO 8601 instant with an offset; stored and answered in the strict form. */
export const timeInputSchema = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 time with an offset, e.g. 2026-03-01T09:30:00Z' })
  .transform((text) => new Date(text).toISOString())
  // An offset can carry the last hours of year 9999 out of what the strict form can write.
  .pipe(timeSchema);

/** A calendar day without a time, e.g. `2026-03-01`. */
export const daySchema = z.iso.date({ error: 'must be a day such as 2026-03-01' });
