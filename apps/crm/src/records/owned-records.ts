import type { Authority, EntityType, Link, Owned, Page, Permission } from '@pipedesk/contracts';
import type { AuditedRepository, NewRecord, RecordBase } from '@pipedesk/mongo';
import { authorize, permittedFilter, type TenantContext, unprocessable } from '@pipedesk/service-kit';
import { isProblem } from './is-problem.ts';

/** Records with an owner and a team, such as companies, leads and deals. */
export type OwnedRecord = RecordBase & Owned;

type Resource = 'companies' | 'contacts' | 'leads' | 'deals' | 'notes' | 'tasks';

export interface PageRequest {
  limit: number;
  cursor?: string | undefined;
  orderBy?: string;
}

/** What a PATCH or DELETE carries beside its body. */
export interface WriteOptions {
  ifMatch: number | undefined;
}

/** What a POST carries beside its body. */
export interface CreateOptions {
  /** From `X-Allow-Duplicate`, for records that are not to exist twice. */
  allowDuplicate?: boolean;
}

interface ChangeOptions<R> extends WriteOptions {
  /** A permission that the state of the record asks for beside that to edit; the change is kept under it. */
  needs?: (record: R) => Permission | undefined;
}

/** A user with their team, or nobody: then the record stays with its team. */
export type NewOwner = Owned | Pick<Owned, 'ownerId'>;

interface HandOverOptions extends WriteOptions {
  by: Permission;
}

export interface OwnedRecords<R extends OwnedRecord> {
  create(
    context: TenantContext,
    fields: Omit<NewRecord<R>, keyof Owned>,
    idempotencyKey: string | undefined,
    /** Throws when there may be no such record; the repeat of a request is answered nevertheless. */
    admit?: () => Promise<void>,
  ): Promise<R>;
  get(context: TenantContext, id: string): Promise<R>;
  /** Those of the records that are there, whoever may read them: for callers that decide on each. */
  getMany(context: TenantContext, ids: string[]): Promise<R[]>;
  list(context: TenantContext, filter: Record<string, unknown>, page: PageRequest): Promise<Page<R>>;
  change(
    context: TenantContext,
    id: string,
    options: ChangeOptions<R>,
    mutate: (draft: R) => void,
  ): Promise<R>;
  /**
   * Gives a record to somebody else, or to nobody. Who may give it away must reach it as it is and as it then would be.
   * @param admit throws for a record that is to stay with whom it is
   */
  handOver(
    context: TenantContext,
    id: string,
    options: HandOverOptions,
    owner: NewOwner,
    admit?: (record: R) => void,
  ): Promise<R>;
  remove(context: TenantContext, id: string, options: WriteOptions): Promise<void>;
  /** Brings back a deleted record; who may delete it may do so. */
  restore(context: TenantContext, id: string, options: WriteOptions, mutate?: (draft: R) => void): Promise<R>;
  /** @throws ProblemError 422 when a body refers to a record that is not there or not the caller's to read */
  requireReference(context: TenantContext, entityType: EntityType, id: string, field: string): Promise<R>;
}

/** The rules all owned records share: the creator owns what they create, and scopes decide the rest. */
export function createOwnedRecords<R extends OwnedRecord>(
  repository: AuditedRepository<R>,
  resource: Resource,
): OwnedRecords<R> {
  const may =
    (context: TenantContext, action: 'read' | 'edit' | 'delete') =>
    (record: R): Authority =>
      authorize(context, `${resource}:${action}` satisfies Permission, record);

  async function get(context: TenantContext, id: string): Promise<R> {
    const record = await repository.get(context, id);
    may(context, 'read')(record);
    return record;
  }

  return {
    get,
    create: async (context, fields, idempotencyKey, admit) => {
      const owned = { ...fields, ownerId: context.subject.userId, teamId: context.subject.teamId };
      const { record } = await repository.create(context, owned as unknown as NewRecord<R>, {
        idempotencyKey,
        admit,
      });
      return record;
    },
    getMany: async (context, ids) => {
      if (ids.length === 0) return [];
      const page = await repository.list(context, { filter: { _id: { $in: ids } }, limit: ids.length });
      return page.items;
    },
    list: (context, filter, page) => {
      return repository.list(context, {
        ...page,
        filter: { ...given(filter), ...permittedFilter(context, `${resource}:read`) },
      });
    },
    change: (context, id, { ifMatch, needs }, mutate) => {
      const mayChange = (record: R): Authority => {
        const byEdit = may(context, 'edit')(record);
        const further = needs?.(record);
        return further ? authorize(context, further, record) : byEdit;
      };
      return repository.change(context, id, { expectedVersion: ifMatch, authorize: mayChange }, mutate);
    },
    handOver: (context, id, { ifMatch, by }, owner, admit) => {
      const mayHandOver = (record: R): Authority => {
        authorize(context, by, { teamId: record.teamId, ...owner });
        return authorize(context, by, record);
      };
      return repository.change(context, id, { expectedVersion: ifMatch, authorize: mayHandOver }, (draft) => {
        admit?.(draft);
        Object.assign(draft, owner);
      });
    },
    remove: async (context, id, { ifMatch }) => {
      await repository.remove(context, id, { expectedVersion: ifMatch, authorize: may(context, 'delete') });
    },
    restore: (context, id, { ifMatch }, mutate) =>
      repository.restore(
        context,
        id,
        { expectedVersion: ifMatch, authorize: may(context, 'delete') },
        mutate,
      ),
    requireReference: async (context, entityType, id, field) => {
      try {
        return await get(context, id);
      } catch (error) {
        // Not there or not for this caller; anything else, such as an outage, must not look like a wrong id.
        if (!isProblem(error, 403, 404)) throw error;
        throw unprocessable(`${entityType}_not_found`, {
          detail: `There is no ${entityType} with this id that you may read.`,
          errors: [{ in: 'body', path: field, message: `names no ${entityType}` }],
        });
      }
    },
  };
}

/** Filters a client left out do not filter. */
export function given(filter: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** The link to a company, for records that may have one. */
export function companyLink(companyId: string | null): Link[] {
  return companyId === null ? [] : [{ entityType: 'company', entityId: companyId }];
}
