import type { Contact, MergeContacts, MergedContact } from '@pipedesk/contracts';
import {
  authorize,
  forbidden,
  type Logger,
  type TenantContext,
  unprocessable,
  versionMismatch,
  withAuthority,
  withOperation,
} from '@pipedesk/service-kit';
import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import type { ContactRepository } from '../contacts/contact.model.ts';
import { beingMerged, type ContactService } from '../contacts/contact.service.ts';
import { isProblem } from '../records/is-problem.ts';
import type { WriteOptions } from '../records/owned-records.ts';
import type { MergeStore, StoredMerge } from './merge.store.ts';
import type { CarryOut } from './merge.worker.ts';
import { requireMergeable } from './merged-values.ts';

export type ContactMergeService = ReturnType<typeof createContactMergeService>;

interface ContactMergeDeps {
  contacts: ContactService;
  repository: ContactRepository;
  merges: MergeStore;
  carryOut: CarryOut;
  log: Logger;
  /** How long an answer waits for the end of the merge, ms. */
  patience?: number;
}

export function createContactMergeService(deps: ContactMergeDeps) {
  const { contacts, repository, merges, carryOut, log, patience = 10_000 } = deps;

  /** What is left to do of the same merge, or what it did if it still stands: a merged contact may have been restored. */
  async function findEarlier(context: TenantContext, id: string, ids: string[]): Promise<StoredMerge | null> {
    const earlier = await merges.latest(context.tenantId, id, ids);
    if (!earlier || earlier.status === 'running') return earlier;
    const removed = await Promise.all(ids.map((other) => repository.findRemoved(context, other)));
    return removed.every((other) => other?.mergedInto === id) ? earlier : null;
  }

  async function requireOther(context: TenantContext, id: string, index: number): Promise<Contact> {
    const path = `ids.${index}`;
    const other = await contacts.requireReference(context, 'contact', id, path);
    try {
      authorize(context, 'contacts:merge', other);
      return other;
    } catch (error) {
      if (!isProblem(error, 403)) throw error;
      throw forbidden('permission_denied', {
        detail: `You do not have contacts:merge on the contact ${id}.`,
        extra: { permission: 'contacts:merge', contactId: id },
        cause: error,
      });
    }
  }

  async function accept(
    context: TenantContext,
    survivor: Contact,
    { ids, fields }: MergeContacts,
  ): Promise<StoredMerge> {
    const others = await Promise.all(ids.map((other, index) => requireOther(context, other, index)));
    await contacts.requireCompany(context, fields.companyId);
    requireMergeable(survivor, others, fields);
    const authority = authorize(context, 'contacts:merge', survivor);
    const _id = uuidv7();
    const merge = {
      _id,
      tenantId: context.tenantId,
      context: withAuthority(withOperation(context, _id), authority),
      survivorId: survivor.id,
      ids: ids.toSorted(),
      fields,
    };
    if (!(await merges.accept(merge))) throw beingMerged();
    const accepted = await merges.read(_id);
    if (!accepted) throw new Error('an accepted merge is gone');
    return accepted;
  }

  /** The merge is accepted: whatever happens now, it goes on by itself. */
  async function carryOutFor(merge: StoredMerge): Promise<StoredMerge> {
    if (merge.status !== 'running') return merge;
    const work = carryOut(merge).catch((error: unknown) => {
      log.warn({ err: error, operationId: merge._id }, 'a merge was interrupted; it will go on');
    });
    await Promise.race([work, delay(patience, undefined, { ref: false })]);
    return (await merges.read(merge._id)) ?? merge;
  }

  return {
    /**
     * Merges contacts into one, which takes what it lacks of their values; notes, tasks and deals that refer to them refer
     * to it from then on; they are deleted, with a trace to where they went. A repeat finds out what came of it.
     * @throws ProblemError 404, 403; 412; 422 `contact_merged_with_itself`, `contact_not_found`, `merge_invalid`; 409
     * `contact_being_merged` when one of them is in another merge
     */
    merge: async (
      context: TenantContext,
      id: string,
      { ifMatch }: WriteOptions,
      request: MergeContacts,
    ): Promise<MergedContact> => {
      refuseSelf(id, request.ids);
      const survivor = await contacts.get(context, id);
      authorize(context, 'contacts:merge', survivor);
      const earlier = await findEarlier(context, id, request.ids.toSorted());
      if (!earlier && ifMatch !== undefined && ifMatch !== survivor.version)
        throw versionMismatch(ifMatch, survivor.version);
      const merge = await carryOutFor(earlier ?? (await accept(context, survivor, request)));
      const { _id: operationId, status, merged } = merge;
      const moved = { tasks: 0, ...merge.moved };
      return { ...(await contacts.get(context, id)), merge: { operationId, status, merged, moved } };
    },
  };
}

function refuseSelf(id: string, ids: string[]): void {
  const index = ids.indexOf(id);
  if (index < 0) return;
  throw unprocessable('contact_merged_with_itself', {
    detail: 'A contact cannot be merged into itself.',
    errors: [{ in: 'body', path: `ids.${index}`, message: 'is the contact that the others are merged into' }],
  });
}
