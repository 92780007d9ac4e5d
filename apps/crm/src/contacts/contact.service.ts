import {
  type Contact,
  type ContactListQuery,
  type ContactPatch,
  decide,
  type NewContact,
  type Page,
} from '@pipedesk/contracts';
import { conflict, type TenantContext } from '@pipedesk/service-kit';
import type { CompanyService } from '../companies/company.service.ts';
import { createOwnedRecords, type CreateOptions, type WriteOptions } from '../records/owned-records.ts';
import { addressPath, type ContactRepository } from './contact.model.ts';

export type ContactService = ReturnType<typeof createContactService>;

interface ContactDeps {
  contacts: ContactRepository;
  companies: CompanyService;
}

export function createContactService({ contacts, companies }: ContactDeps) {
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

  const change = async (
    context: TenantContext,
    id: string,
    options: WriteOptions,
    patch: ContactPatch,
  ): Promise<Contact> => {
    await requireCompany(context, patch.companyId);
    return records.change(context, id, options, (contact) => Object.assign(contact, patch));
  };

  return {
    ...records,
    create: async (
      context: TenantContext,
      fields: NewContact,
      idempotencyKey?: string,
      { allowDuplicate = false }: CreateOptions = {},
    ): Promise<Contact> => {
      await requireCompany(context, fields.companyId);
      return records.create(context, fields, idempotencyKey, async () => {
        if (!allowDuplicate) await refuseDuplicate(context, fields);
      });
    },
    list: (
      context: TenantContext,
      { email, ownerId, companyId, ...page }: ContactListQuery,
    ): Promise<Page<Contact>> => records.list(context, { [addressPath]: email, ownerId, companyId }, page),
    change,
    /** Values of an earlier version. */
    restoreFields: change,
  };
}
