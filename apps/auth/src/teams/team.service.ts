import {
  mayGrant,
  type NewTeam,
  type Page,
  type Team,
  type TeamListQuery,
  type TeamPatch,
} from '@pipedesk/contracts';
import { isDuplicateKey } from '@pipedesk/mongo';
import { conflict, type TenantContext, unprocessable } from '@pipedesk/service-kit';
import type { UserRepository } from '../users/user.model.ts';
import { type TeamRepository, teamNameIndex } from './team.model.ts';

export type TeamService = ReturnType<typeof createTeamService>;

/** Of one manager; more than anybody has. */
const mostTeams = 1_000;

interface TeamDeps {
  teams: TeamRepository;
  users: UserRepository;
}

export function createTeamService({ teams, users }: TeamDeps) {
  /** @throws ProblemError 422 naming each that is no active manager or admin of the tenant */
  async function requireManagers(context: TenantContext, ids: string[] = []): Promise<void> {
    const found = await Promise.all(ids.map((id) => users.find(context, { _id: id })));
    const errors = found.flatMap((user, index) => {
      if (user?.status === 'active' && mayGrant(user.role, 'manager')) return [];
      return [
        { in: 'body' as const, path: `managerIds.${index}`, message: 'must be a manager of the tenant' },
      ];
    });
    if (errors.length > 0) throw unprocessable('unknown_manager', { errors });
  }

  return {
    create: async (
      context: TenantContext,
      fields: NewTeam,
      idempotencyKey: string | undefined,
    ): Promise<Team> => {
      await requireManagers(context, fields.managerIds);
      return (await teams.create(context, fields, { idempotencyKey }).catch(refuseTakenName)).record;
    },
    get: (context: TenantContext, id: string): Promise<Team> => teams.get(context, id),
    list: (context: TenantContext, { limit, cursor }: TeamListQuery): Promise<Page<Team>> =>
      teams.list(context, { filter: {}, limit, cursor }),
    change: async (
      context: TenantContext,
      id: string,
      { ifMatch }: { ifMatch: number | undefined },
      patch: TeamPatch,
    ): Promise<Team> => {
      await requireManagers(context, patch.managerIds);
      return teams
        .change(context, id, { expectedVersion: ifMatch }, (team) => void Object.assign(team, patch))
        .catch(refuseTakenName);
    },
    /** The teams that somebody manages beside their own. */
    managedBy: (context: TenantContext, userId: string): Promise<Team[]> =>
      teams.list(context, { filter: { managerIds: userId }, limit: mostTeams }).then(({ items }) => items),
    /** @throws ProblemError 422 when it is no team of the tenant; none at all is fine */
    requireTeam: async (
      context: TenantContext,
      id: string | null | undefined,
      path = 'teamId',
    ): Promise<void> => {
      if (!id || (await teams.find(context, { _id: id }))) return;
      throw unprocessable('unknown_team', {
        errors: [{ in: 'body', path, message: 'must be a team of the tenant' }],
      });
    },
  };
}

function refuseTakenName(error: unknown): never {
  if (isDuplicateKey(error, teamNameIndex))
    throw conflict('team_name_in_use', { detail: 'A team with this name exists already.' });
  throw error;
}
