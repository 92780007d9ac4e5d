import type { Lead, LeadListQuery, LeadPatch, NewLead, Owned, Page } from '@pipedesk/contracts';
import { authorize, conflict, type TenantContext } from '@pipedesk/service-kit';
import { createOwnedRecords, type WriteOptions } from '../records/owned-records.ts';
import type { LeadRepository } from './lead.model.ts';

export type LeadService = ReturnType<typeof createLeadService>;

export function createLeadService({ leads }: { leads: LeadRepository }) {
  const records = createOwnedRecords(leads, 'leads');
  const change = (
    context: TenantContext,
    id: string,
    options: WriteOptions,
    patch: LeadPatch,
  ): Promise<Lead> =>
    records.change(context, id, options, (lead) => {
      refuseConverted(lead);
      Object.assign(lead, patch);
    });
  return {
    ...records,
    requireBulkEditable: (context: TenantContext, lead: Owned): void => {
      authorize(context, 'leads:bulk_edit', lead);
    },
    create: (context: TenantContext, fields: NewLead, key?: string): Promise<Lead> =>
      records.create(context, { ...fields, convertedTo: null }, key),
    list: (context: TenantContext, { status, ownerId, ...page }: LeadListQuery): Promise<Page<Lead>> =>
      records.list(context, { status, ownerId }, page),
    change,
    /** Values of an earlier version. */
    restoreFields: change,
  };
}

/** A converted lead is history: its deal goes on. */
function refuseConverted(lead: Lead): void {
  if (lead.status === 'converted')
    throw conflict('lead_converted', { detail: 'This lead has been converted; change its deal instead.' });
}
