import { type Connection, createOutbox, databaseProblem, pingMongo } from '@pipedesk/mongo';
import { createOutboxRelay, type OutboxRelay, type Publisher } from '@pipedesk/messaging';
import { createServiceApp, type Logger, type Registry } from '@pipedesk/service-kit';
import type { Express, RequestHandler } from 'express';
import { createCompanyRepository } from './companies/company.model.ts';
import { companyRoutes } from './companies/company.routes.ts';
import { createCompanyService } from './companies/company.service.ts';
import { createDealRepository } from './deals/deal.model.ts';
import { dealRoutes } from './deals/deal.routes.ts';
import { createDealService } from './deals/deal.service.ts';
import { createLeadRepository } from './leads/lead.model.ts';
import { leadRoutes } from './leads/lead.routes.ts';
import { createLeadService } from './leads/lead.service.ts';
import { createNoteRepository } from './notes/note.model.ts';
import { noteRoutes } from './notes/note.routes.ts';
import { createNoteService } from './notes/note.service.ts';

export interface AppDeps {
  connection: Connection;
  publisher: Publisher;
  authenticate: RequestHandler;
  log: Logger;
  metrics: Registry;
  trustedProxies: string;
  isShuttingDown: () => boolean;
}

/** Builds the service; never listens. */
export function createApp(deps: AppDeps): { app: Express; relay: OutboxRelay } {
  const { connection, publisher, log, metrics } = deps;
  const outbox = createOutbox();
  const store = { connection, outbox };

  const companies = createCompanyService({ companies: createCompanyRepository(store) });
  const leads = createLeadService({ leads: createLeadRepository(store) });
  const deals = createDealService({ deals: createDealRepository(store), companies, clock: () => new Date() });
  const notes = createNoteService({
    notes: createNoteRepository(store),
    notables: { company: companies, lead: leads, deal: deals },
  });

  const app = createServiceApp({
    ...deps,
    service: 'crm',
    routes: [...companyRoutes(companies), ...leadRoutes(leads), ...dealRoutes(deals), ...noteRoutes(notes)],
    // The broker is not asked: writes go on without it, their events wait in the outbox.
    checks: { database: pingMongo(connection) },
    errorMappers: [databaseProblem],
  });
  return { app, relay: createOutboxRelay({ source: outbox, publisher, log, metrics }) };
}
