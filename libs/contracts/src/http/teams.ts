import { z } from 'zod';
import { idSchema } from '../ids.ts';
import { lineSchema } from '../text.ts';
import { pageOf, pageQuery } from './paging.ts';
import { patchOf, recordFields } from './record.ts';

export const teamSchema = z.object({
  ...recordFields,
  name: z.string(),
  /** Managers whose team this is beside their own. */
  managerIds: z.array(idSchema).default([]),
});
export type Team = z.infer<typeof teamSchema>;

const managerIds = z
  .array(idSchema)
  .max(50)
  .refine((ids) => new Set(ids).size === ids.length, 'must not repeat');

export const createTeamBody = z.strictObject({ name: lineSchema(120), managerIds: managerIds.default([]) });
export type NewTeam = z.infer<typeof createTeamBody>;

export const changeTeamBody = patchOf(z.strictObject({ name: lineSchema(120), managerIds }));
export type TeamPatch = z.infer<typeof changeTeamBody>;

export const teamListQuery = z.strictObject(pageQuery);
export type TeamListQuery = z.infer<typeof teamListQuery>;
export const teamPage = pageOf(teamSchema);
