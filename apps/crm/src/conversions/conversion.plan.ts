import { createCompanyBody, createDealBody, type Lead, type LeadConversion } from '@pipedesk/contracts';
import { type TenantContext, unprocessable } from '@pipedesk/service-kit';
import type { ConversionPlan } from './conversion.claims.ts';

/**
 * What a conversion is going to make of a lead as it is now. New records belong to the lead's owner, or to whoever
 * converts a lead that has none.
 * @throws ProblemError 422 `company_name_missing` for a new company without a name
 */
export function planConversion(
  { subject }: TenantContext,
  lead: Lead,
  { deal, company }: LeadConversion,
): ConversionPlan {
  const { ownerId, teamId } = lead;
  return {
    company: planCompany(lead, company),
    deal: 'id' in deal ? deal : { fields: createDealBody.parse({ ...deal, name: deal.name ?? lead.name }) },
    owner: ownerId === null ? { ownerId: subject.userId, teamId: subject.teamId } : { ownerId, teamId },
  };
}

function planCompany(lead: Lead, company: LeadConversion['company']): ConversionPlan['company'] {
  if (company === null || 'id' in company) return company;
  const name = company.name ?? lead.companyName;
  if (name === null)
    throw unprocessable('company_name_missing', {
      detail: 'The lead names no company; give the new one a name.',
      errors: [{ in: 'body', path: 'company.name', message: 'is needed, since the lead names no company' }],
    });
  return { fields: createCompanyBody.parse({ name }) };
}
