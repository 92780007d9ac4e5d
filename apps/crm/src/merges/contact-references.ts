import type { Deal, Note, Task } from '@pipedesk/contracts';
import type { AuditedRepository, RecordBase } from '@pipedesk/mongo';
import type { TenantContext } from '@pipedesk/service-kit';
import { isProblem } from '../records/is-problem.ts';

/** Points what refers to one contact to another; tells of each record. */
export type MoveReferences = (
  context: TenantContext,
  from: string,
  to: string,
  onMoved: () => Promise<unknown>,
) => Promise<void>;

interface Reference<R> {
  /** Finds the records that refer to a contact. */
  to: (contactId: string) => Record<string, unknown>;
  /** @returns the record's change */
  replaced: (record: R, from: string, to: string) => Partial<R>;
}

/** Of records that are about one other. */
const aboutReference = {
  to: (entityId: string) => ({ entityType: 'contact', entityId }),
  replaced: <Id extends string | null>({ entityId }: { entityId: Id }, from: string, to: string) => ({
    entityId: entityId === from ? to : entityId,
  }),
};
export const noteReference: Reference<Note> = aboutReference;
export const taskReference: Reference<Task> = aboutReference;

export const dealReference: Reference<Deal> = {
  to: (contactId) => ({ contactIds: contactId }),
  replaced: ({ contactIds }, from, to) => ({
    contactIds: [...new Set(contactIds.map((id) => (id === from ? to : id)))],
  }),
};

const pageSize = 100;

/** Page by page until none is left; each is a change of its own. */
export function createMoveReferences<R extends RecordBase>(
  repository: AuditedRepository<R>,
  reference: Reference<R>,
): MoveReferences {
  async function moveOne(context: TenantContext, { id, version }: R, from: string, to: string) {
    try {
      const moved = await repository.change(context, id, {}, (draft) =>
        Object.assign(draft, reference.replaced(draft, from, to)),
      );
      return moved.version > version;
    } catch (error) {
      // Deleted meanwhile: it refers to nobody any more.
      if (isProblem(error, 404)) return false;
      throw error;
    }
  }

  return async (context, from, to, onMoved) => {
    for (;;) {
      const { items } = await repository.list(context, { filter: reference.to(from), limit: pageSize });
      if (items.length === 0) return;
      for (const item of items) if (await moveOne(context, item, from, to)) await onMoved();
    }
  };
}
