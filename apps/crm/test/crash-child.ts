import { connectMongo, createOutbox } from '@pipedesk/mongo';
import { createLogger, httpEnv, loadConfig, type TenantContext } from '@pipedesk/service-kit';
import { given } from '@pipedesk/testing';
import { z } from 'zod';
import { createBulkEdits } from '../src/bulk/bulk-edits.ts';
import { createBulkService } from '../src/bulk/bulk.service.ts';
import { createLeadRepository } from '../src/leads/lead.model.ts';
import { createLeadService } from '../src/leads/lead.service.ts';
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
const leads = createLeadService({ leads: createLeadRepository(store) });
const bulk = createBulkService(leads, createBulkEdits(connection), 'leads');
await bulk.edit(context, job.request as Parameters<typeof bulk.edit>[1], job.key);
await connection.close();
