import type { Page, Team, TeamFields, TeamListQuery } from '@pipedesk/contracts';
import { isDuplicateKey } from '@pipedesk/mongo';
import { conflict, type TenantContext, unprocessable } from '@pipedesk/service-kit';
import { type TeamRepository, teamNameIndex } from './team.model.ts';

export type TeamService = ReturnType<typeof createTeamService>;

export function createTeamService({ teams }: { teams: TeamRepository }) {
  return {
    create: async (
      context: TenantContext,
      fields: TeamFields,
      idempotencyKey: string | undefined,
    ): Promise<Team> =>
      (await teams.create(context, fields, { idempotencyKey }).catch(refuseTakenName)).record,
    get: (context: TenantContext, id: string): Promise<Team> => teams.get(context, id),
    list: (context: TenantContext, { limit, cursor }: TeamListQuery): Promise<Page<Team>> =>
      teams.list(context, { filter: {}, limit, cursor }),
    change: (
      context: TenantContext,
      id: string,
      { ifMatch }: { ifMatch: number | undefined },
      fields: TeamFields,
    ): Promise<Team> =>
      teams
        .change(context, id, { expectedVersion: ifMatch }, (team) => void Object.assign(team, fields))
        .catch(refuseTakenName),
    /** @throws ProblemError 422 when it is no team of the tenant; none at all is fine */
    requireTeam: async (context: TenantContext, id: string | null | undefined): Promise<void> => {
      if (!id || (await teams.find(context, { _id: id }))) return;
      throw unprocessable('unknown_team', {
        errors: [{ in: 'body', path: 'teamId', message: 'must be a team of the tenant' }],
      });
    },
  };
}

function refuseTakenName(error: unknown): never {
  if (isDuplicateKey(error, teamNameIndex))
    throw conflict('team_name_in_use', { detail: 'A team with this name exists already.' });
  throw error;
}
