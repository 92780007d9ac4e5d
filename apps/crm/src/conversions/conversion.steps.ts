import type { Lead } from '@pipedesk/contracts';
import { failpoint } from '@pipedesk/service-kit';
import type { CompanyRepository } from '../companies/company.model.ts';
import type { DealRepository } from '../deals/deal.model.ts';
import { newDeal } from '../deals/deal.service.ts';
import type { LeadRepository } from '../leads/lead.model.ts';
import type { Claim, ConversionClaims } from './conversion.claims.ts';

interface StepDeps {
  leads: LeadRepository;
  deals: DealRepository;
  companies: CompanyRepository;
  claims: ConversionClaims;
}

/**
 * Works a claimed conversion off. Every step may be repeated, also by two at once: new records carry keys made of the
 * operation, so that a second attempt finds the first one's, and the lead changes once.
 * @returns the converted lead
 */
export function createConversionSteps({ leads, deals, companies, claims }: StepDeps) {
  async function companyOf({
    context,
    operationId,
    plan: { company, owner },
  }: Claim): Promise<string | null> {
    if (company === null || 'id' in company) return company?.id ?? null;
    const fields = { ...company.fields, ...owner };
    const { record } = await companies.create(context, fields, keyed(operationId, 'company'));
    return record.id;
  }

  async function dealOf(
    { context, operationId, plan: { deal, owner } }: Claim,
    companyId: string | null,
  ): Promise<string> {
    if ('id' in deal) return deal.id;
    const fields = { ...newDeal({ ...deal.fields, companyId }), ...owner };
    const { record } = await deals.create(context, fields, keyed(operationId, 'deal'));
    return record.id;
  }

  return async (claim: Claim): Promise<Lead> => {
    const companyId = await companyOf(claim);
    failpoint('convert.after-company');
    const dealId = await dealOf(claim, companyId);
    failpoint('convert.after-deal');
    const lead = await leads.change(claim.context, claim._id, { action: 'converted' }, (draft) => {
      if (draft.status === 'converted') return;
      draft.status = 'converted';
      draft.convertedTo = { dealId, companyId };
    });
    failpoint('convert.after-lead');
    await claims.finish(claim._id);
    return lead;
  };
}

export type ConversionSteps = (claim: Claim) => Promise<Lead>;

function keyed(operationId: string, what: string) {
  return { idempotencyKey: `conversion:${operationId}:${what}` };
}
