import { convertLeadBody, idParams, leadSchema } from '@pipedesk/contracts';
import { audited, type Route, route } from '@pipedesk/service-kit';
import type { ConversionService } from './conversion.service.ts';

export const conversionRoutes = (service: ConversionService): Route[] => [
  route({
    method: 'post',
    path: '/leads/:id/convert',
    summary: 'Make a deal of a lead, and a company if wanted, or link those that are there',
    permission: 'leads:convert',
    audit: audited('crm.lead.converted', 'crm.deal.created', 'crm.company.created'),
    params: idParams,
    body: convertLeadBody,
    response: leadSchema,
    shows: 'lead',
    handle: ({ context, params, body, ifMatch, idempotencyKey }) =>
      service.convert(context, params.id, { ifMatch }, body, idempotencyKey),
  }),
];
