import { z } from 'zod';
import { lineSchema } from '../text.ts';
import { pageOf, pageQuery } from './paging.ts';
import { recordFields } from './record.ts';

export const teamSchema = z.object({ ...recordFields, name: z.string() });
export type Team = z.infer<typeof teamSchema>;

export const teamBody = z.strictObject({ name: lineSchema(120) });
export type TeamFields = z.infer<typeof teamBody>;

export const teamListQuery = z.strictObject(pageQuery);
export type TeamListQuery = z.infer<typeof teamListQuery>;
export const teamPage = pageOf(teamSchema);
