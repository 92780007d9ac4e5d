import { convertLeadBody } from '@pipedesk/contracts';
import { connectMongo, createOutbox } from '@pipedesk/mongo';
import { createLogger, httpEnv, loadConfig, type TenantContext } from '@pipedesk/service-kit';
import { given } from '@pipedesk/testing';
import { z } from 'zod';
import { createBulkEdits } from '../src/bulk/bulk-edits.ts';
import { createBulkService } from '../src/bulk/bulk.service.ts';
import { createCompanyRepository } from '../src/companies/company.model.ts';
import { createCompanyService } from '../src/companies/company.service.ts';
import { createContactRepository } from '../src/contacts/contact.model.ts';
import { createContactService } from '../src/contacts/contact.service.ts';
import { createConversionClaims } from '../src/conversions/conversion.claims.ts';
import { createConversionService } from '../src/conversions/conversion.service.ts';
import { createConversionSteps } from '../src/conversions/conversion.steps.ts';
import { createDealRepository } from '../src/deals/deal.model.ts';
import { createDealService } from '../src/deals/deal.service.ts';
import { createLeadRepository } from '../src/leads/lead.model.ts';
import { createLeadService } from '../src/leads/lead.service.ts';
import { createMergeStore } from '../src/merges/merge.store.ts';
import type { Crash } from './crash.ts';

interface Job extends Crash {
  database: string;
  claims: { tenantId: string; userId: string };
}

const job = JSON.parse(given('PIPEDESK_CRASH')) as Job;
loadConfig(z.object({ PIPEDESK_FAILPOINTS: httpEnv.PIPEDESK_FAILPOINTS }), {
  PIPEDESK_FAILPOINTS: job.failpoints,
});

const { tenantId, userId } = job.claims;
const context: TenantContext = {
  tenantId,
  subject: { userId, role: 'admin', teamId: null },
  actor: { type: 'user', id: userId, name: 'Ada', role: 'admin' },
  context: { ip: null, userAgent: null, requestId: null, apiKeyId: null, operationId: null, source: 'crm' },
};

const log = createLogger('crm', 'silent');
const connection = await connectMongo({ uri: given('MONGODB_URI'), database: job.database, log });
const store = { connection, outbox: createOutbox() };
const repositories = {
  leads: createLeadRepository(store),
  deals: createDealRepository(store),
  companies: createCompanyRepository(store),
  contacts: createContactRepository(store),
};
const leads = createLeadService(repositories);
const companies = createCompanyService(repositories);
const contacts = createContactService({ ...repositories, companies, merges: createMergeStore(connection) });
const deals = createDealService({ ...repositories, companies, contacts, clock: () => new Date() });
const claims = createConversionClaims(connection);
const workOff = createConversionSteps({ ...repositories, claims });

const acts: Record<Crash['act'], () => Promise<unknown>> = {
  bulk: () => {
    const bulk = createBulkService(leads, createBulkEdits(connection), 'leads');
    return bulk.edit(context, job.request as Parameters<typeof bulk.edit>[1], job.key);
  },
  convert: () => {
    const { id, body } = job.request as { id: string; body: unknown };
    const service = createConversionService({ leads, deals, companies, claims, workOff });
    return service.convert(context, id, { ifMatch: undefined }, convertLeadBody.parse(body), job.key);
  },
};
await acts[job.act]();
await connection.close();
