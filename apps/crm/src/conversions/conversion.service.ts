import type { Lead, LeadConversion } from '@pipedesk/contracts';
import {
  authorize,
  conflict,
  type TenantContext,
  unprocessable,
  versionMismatch,
  withOperation,
} from '@pipedesk/service-kit';
import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { CompanyService } from '../companies/company.service.ts';
import type { DealService } from '../deals/deal.service.ts';
import type { LeadService } from '../leads/lead.service.ts';
import type { WriteOptions } from '../records/owned-records.ts';
import type { Claim, ConversionClaims } from './conversion.claims.ts';
import { planConversion } from './conversion.plan.ts';
import type { ConversionSteps } from './conversion.steps.ts';

export type ConversionService = ReturnType<typeof createConversionService>;

interface ConversionDeps {
  leads: LeadService;
  deals: DealService;
  companies: CompanyService;
  claims: ConversionClaims;
  workOff: ConversionSteps;
}

export function createConversionService({ leads, deals, companies, claims, workOff }: ConversionDeps) {
  async function checkReferences(context: TenantContext, { deal, company }: LeadConversion): Promise<void> {
    const own = { ownerId: context.subject.userId, teamId: context.subject.teamId };
    if ('id' in deal) await deals.requireReference(context, 'deal', deal.id, 'deal.id');
    else authorize(context, 'deals:create', own);
    if (company === null) return;
    if ('id' in company) await companies.requireReference(context, 'company', company.id, 'company.id');
    else authorize(context, 'companies:create', own);
  }

  /** Somebody has claimed the lead before: the repeat of that request is answered as it was, any other is refused. */
  async function answerSecond(claim: Claim, { key, fingerprint }: Claim['request']): Promise<Lead> {
    const isRepeat = key !== null && claim.request.key === key;
    if (isRepeat && claim.request.fingerprint !== fingerprint)
      throw unprocessable('idempotency_key_reused', {
        detail: 'This Idempotency-Key was used with another body. Use a new key.',
      });
    // Whoever began may have died: nobody is told of a conversion that is not there.
    const lead = await workOff(claim);
    if (isRepeat) return lead;
    throw alreadyConverted(lead);
  }

  return {
    /**
     * Makes a deal of a lead, once and for ever: the claim is written first, and what it plans is carried out even if the
     * process dies on the way.
     * @throws ProblemError 409 `lead_converted` with what it has become, 422 for references that are not there
     */
    convert: async (
      context: TenantContext,
      id: string,
      { ifMatch }: WriteOptions,
      body: LeadConversion,
      idempotencyKey: string | undefined,
    ): Promise<Lead> => {
      const lead = await leads.get(context, id);
      authorize(context, 'leads:convert', lead);
      const request = {
        key: idempotencyKey === undefined ? null : `${context.actor.id}:${idempotencyKey}`,
        fingerprint: createHash('sha256').update(JSON.stringify(body)).digest('base64url'),
      };
      const first = await claims.find(context.tenantId, id);
      if (first) return answerSecond(first, request);
      if (lead.status === 'converted') throw alreadyConverted(lead);
      if (ifMatch !== undefined && ifMatch !== lead.version) throw versionMismatch(ifMatch, lead.version);
      await checkReferences(context, body);
      const operationId = uuidv7();
      const claim = {
        _id: id,
        tenantId: context.tenantId,
        context: withOperation(context, operationId),
        operationId,
        plan: planConversion(context, lead, body),
        request,
      };
      await claims.claim(claim);
      const winner = await claims.find(context.tenantId, id);
      if (!winner)
        throw conflict('concurrent_changes', { detail: 'Others are changing this lead. Try again.' });
      return winner.operationId === operationId ? workOff(winner) : answerSecond(winner, request);
    },
  };
}

function alreadyConverted({ convertedTo }: Lead) {
  return conflict('lead_converted', {
    detail: 'This lead has been converted before.',
    extra: { convertedTo: convertedTo ?? null },
  });
}
