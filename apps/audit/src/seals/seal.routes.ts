import {
  auditProofParams,
  auditProofSchema,
  auditVerdictSchema,
  auditVerifyQuery,
  sealedExportQuery,
  sealKeysSchema,
} from '@pipedesk/contracts';
import { audited, notAudited, publicRoute, type Route, route } from '@pipedesk/service-kit';
import { z } from 'zod';
import type { SealedExportService } from './sealed-export.service.ts';
import type { SealService } from './seal.service.ts';

const audit = notAudited('reads of the audit log change nothing');

/** Before the routes of single records: `verify` would pass for an id there. */
export const sealRoutes = (service: SealService, exports: SealedExportService): Route[] => [
  route({
    method: 'get',
    path: '/audit-logs/verify',
    summary: 'Recomputes the chain of seals and every record under it, and names what is wrong first',
    permission: 'audit:verify',
    stepUp: true,
    audit,
    query: auditVerifyQuery,
    response: auditVerdictSchema,
    handle: ({ context, query, res }) => service.verify(context, query, () => res.destroyed),
  }),
  route({
    method: 'get',
    path: '/audit-logs/keys',
    summary: 'The public keys of all seals, for ever',
    permission: publicRoute('auditors verify exports without an account'),
    audit,
    response: sealKeysSchema,
    handle: () => service.publicKeys(),
  }),
  route({
    method: 'get',
    path: '/audit-logs/export/sealed',
    summary: 'All sealed records with their seals as JSON lines, for checking offline',
    permission: 'audit:export',
    stepUp: true,
    audit: audited('audit.access.occurred'),
    query: sealedExportQuery,
    response: z.void(),
    handle: ({ context, query, res }) => exports.stream(context, query, res),
  }),
  route({
    method: 'get',
    path: '/audit-logs/:id/proof',
    summary: 'Proves that one record is under a signed seal',
    permission: 'audit:verify',
    audit,
    params: auditProofParams,
    response: auditProofSchema,
    handle: ({ context, params }) => service.proof(context, params.id),
  }),
];
