import {
  type Contact,
  type ContactListQuery,
  type ContactPatch,
  decide,
  type NewContact,
  type Page,
} from '@pipedesk/contracts';
import { conflict, notFound, type TenantContext } from '@pipedesk/service-kit';
import type { CompanyService } from '../companies/company.service.ts';
import {
  createOwnedRecords,
  type CreateOptions,
  type NewOwner,
  type WriteOptions,
} from '../records/owned-records.ts';
import type { MergeStore } from '../merges/merge.store.ts';
import { isProblem } from '../records/is-problem.ts';
import { addressPath, type ContactRepository } from './contact.model.ts';

export type ContactService = ReturnType<typeof createContactService>;

interface ContactDeps {
  contacts: ContactRepository;
  companies: CompanyService;
  merges: Pick<MergeStore, 'isRunning'>;
}

export function createContactService({ contacts, companies, merges }: ContactDeps) {
  const records = createOwnedRecords(contacts, 'contacts');

  async function requireCompany(context: TenantContext, companyId: string | null | undefined): Promise<void> {
    if (companyId) await companies.requireReference(context, 'company', companyId, 'companyId');
  }

  /**
   * A check and no constraint: of two that come at the very same moment both may pass, as they may on purpose.
   * @throws ProblemError 409 `duplicate_contact`, with the id of the other if the caller may read it
   */
  async function refuseDuplicate(context: TenantContext, { emails }: NewContact): Promise<void> {
    const addresses = emails.map(({ address }) => address);
    if (addresses.length === 0) return;
    const { items } = await contacts.list(context, {
      filter: { [addressPath]: { $in: addresses } },
      limit: 20,
    });
    if (items.length === 0) return;
    const shown = items.find((other) => decide(context.subject, 'contacts:read', other));
    throw conflict('duplicate_contact', {
      detail:
        'A contact with this mail address exists already. Send X-Allow-Duplicate: true to create another.',
      extra: shown ? { contactId: shown.id } : {},
    });
  }

  /** @throws ProblemError 404, which says of a merged contact where it went, if the caller may read it */
  async function get(context: TenantContext, id: string): Promise<Contact> {
    try {
      return await records.get(context, id);
    } catch (error) {
      const removed = isProblem(error, 404) ? await contacts.findRemoved(context, id) : null;
      if (!removed?.mergedInto || !decide(context.subject, 'contacts:read', removed)) throw error;
      throw notFound('contact_not_found', {
        detail: 'This contact was merged into another.',
        extra: { mergedInto: removed.mergedInto },
      });
    }
  }

  const change = async (
    context: TenantContext,
    id: string,
    options: WriteOptions,
    patch: ContactPatch,
  ): Promise<Contact> => {
    await requireCompany(context, patch.companyId);
    return records.change(context, id, options, (contact) => {
      refuseMerging(contact);
      Object.assign(contact, patch);
    });
  };

  return {
    ...records,
    get,
    requireCompany,
    create: async (
      context: TenantContext,
      fields: NewContact,
      idempotencyKey?: string,
      { allowDuplicate = false }: CreateOptions = {},
    ): Promise<Contact> => {
      await requireCompany(context, fields.companyId);
      return records.create(context, { ...fields, mergedInto: null }, idempotencyKey, async () => {
        if (!allowDuplicate) await refuseDuplicate(context, fields);
      });
    },
    list: (
      context: TenantContext,
      { email, ownerId, companyId, ...page }: ContactListQuery,
    ): Promise<Page<Contact>> => records.list(context, { [addressPath]: email, ownerId, companyId }, page),
    change,
    assign: (context: TenantContext, id: string, options: WriteOptions, owner: NewOwner): Promise<Contact> =>
      records.handOver(context, id, { ...options, by: 'contacts:assign' }, owner, refuseMerging),
    /** Undoes a merge as far as the contact itself goes; what referred to it stays where it is. */
    restore: async (context: TenantContext, id: string, options: WriteOptions): Promise<Contact> => {
      if (await merges.isRunning(id)) throw beingMerged();
      return records.restore(context, id, options, (contact) => {
        contact.mergedInto = null;
      });
    },
    /** Values of an earlier version. */
    restoreFields: change,
  };
}

function refuseMerging({ mergedInto }: Contact): void {
  if (mergedInto !== null) throw beingMerged();
}

/** Refuses what would get in the way of a merge that is at work on the contact. */
export function beingMerged() {
  return conflict('contact_being_merged', {
    detail: 'This contact is being merged just now. Read it again shortly.',
  });
}
