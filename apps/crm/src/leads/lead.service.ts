import type { Lead, LeadListQuery, LeadPatch, NewLead, Owned, Page } from '@pipedesk/contracts';
import { authorize, conflict, type TenantContext } from '@pipedesk/service-kit';
import { createOwnedRecords, type NewOwner, type WriteOptions } from '../records/owned-records.ts';
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
    assign: (context: TenantContext, id: string, options: WriteOptions, owner: NewOwner): Promise<Lead> =>
      records.handOver(context, id, { ...options, by: 'leads:assign' }, owner, refuseConverted),
    /** Takes a lead that nobody has; a repeat changes nothing. @throws ProblemError 409 `lead_owned` */
    claim: (context: TenantContext, id: string, options: WriteOptions): Promise<Lead> => {
      const { userId, teamId } = context.subject;
      const claimant = { ownerId: userId, teamId };
      return records.handOver(context, id, { ...options, by: 'leads:claim' }, claimant, (lead) => {
        refuseConverted(lead);
        if (lead.ownerId !== null && lead.ownerId !== userId) throw leadOwned(lead.ownerId);
      });
    },
    /** Values of an earlier version. */
    restoreFields: change,
  };
}

function leadOwned(ownerId: string) {
  return conflict('lead_owned', {
    detail: 'Somebody has this lead already; it can only be assigned.',
    extra: { ownerId },
  });
}

/** A converted lead is history: its deal goes on. */
function refuseConverted(lead: Lead): void {
  if (lead.status === 'converted')
    throw conflict('lead_converted', { detail: 'This lead has been converted; change its deal instead.' });
}
