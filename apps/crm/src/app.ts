import { noteItem, taskItem } from '@pipedesk/contracts';
import { type Connection, createOutbox, databaseProblem, pingMongo } from '@pipedesk/mongo';
import { createDelivery, type OutboxRelay, type Publisher } from '@pipedesk/messaging';
import { createServiceApp, type Logger, type Registry } from '@pipedesk/service-kit';
import type { Express, RequestHandler } from 'express';
import { activityOf } from './activity/activity.ts';
import { activityRoutes } from './activity/activity.routes.ts';
import { createBulkEdits } from './bulk/bulk-edits.ts';
import { createCompanyRepository } from './companies/company.model.ts';
import { companyRoutes } from './companies/company.routes.ts';
import { createCompanyService } from './companies/company.service.ts';
import { createContactRepository } from './contacts/contact.model.ts';
import { contactRoutes } from './contacts/contact.routes.ts';
import { createContactService } from './contacts/contact.service.ts';
import { createConversionClaims } from './conversions/conversion.claims.ts';
import { conversionRoutes } from './conversions/conversion.routes.ts';
import { createConversionService } from './conversions/conversion.service.ts';
import { createConversionSteps } from './conversions/conversion.steps.ts';
import { type ConversionSweeper, createConversionSweeper } from './conversions/conversion.sweeper.ts';
import { createDealRepository } from './deals/deal.model.ts';
import { dealRoutes } from './deals/deal.routes.ts';
import { createDealService } from './deals/deal.service.ts';
import { createChunkImporter } from './imports/chunk-import.ts';
import { createImportJobs } from './imports/import.jobs.ts';
import { createImportRepository } from './imports/import.model.ts';
import { importRoutes } from './imports/import.routes.ts';
import { createImportRunner } from './imports/import.runner.ts';
import { createImportService } from './imports/import.service.ts';
import type { Worker } from './jobs/worker.ts';
import { createLeadRepository } from './leads/lead.model.ts';
import { leadRoutes } from './leads/lead.routes.ts';
import { createLeadService } from './leads/lead.service.ts';
import { createContactMerging } from './merges/merging.ts';
import { createMergeStore } from './merges/merge.store.ts';
import { createNoteRepository } from './notes/note.model.ts';
import { noteRoutes } from './notes/note.routes.ts';
import { createNoteService } from './notes/note.service.ts';
import { createDirectory } from './owners/directory.ts';
import { createTaskRepository } from './tasks/task.model.ts';
import { taskRoutes } from './tasks/task.routes.ts';
import { createTaskService } from './tasks/task.service.ts';
import { createAuditClient } from './restores/audit-client.ts';

export interface AppDeps {
  connection: Connection;
  publisher: Publisher;
  authenticate: RequestHandler;
  /** Where auth's keys are, and beside them its users. */
  jwksUrl: string;
  /** Where audit is, which knows earlier versions. */
  auditUrl: string;
  log: Logger;
  metrics: Registry;
  trustedProxies: string;
  isShuttingDown: () => boolean;
}

export interface App {
  app: Express;
  relay: OutboxRelay;
  importRunner: Worker;
  mergeRunner: Worker;
  conversionSweeper: ConversionSweeper;
}

/** Builds the service; never listens. */
export function createApp(deps: AppDeps): App {
  const { connection, publisher, log, metrics } = deps;
  const outbox = createOutbox();
  const store = { connection, outbox };

  const clock = () => new Date();

  const companyRepository = createCompanyRepository(store);
  const dealRepository = createDealRepository(store);
  const companies = createCompanyService({ companies: companyRepository });
  const contactRepository = createContactRepository(store);
  const noteRepository = createNoteRepository(store);
  const taskRepository = createTaskRepository(store);
  const merges = createMergeStore(connection);
  const contacts = createContactService({ contacts: contactRepository, companies, merges });
  const leadRepository = createLeadRepository(store);
  const leads = createLeadService({ leads: leadRepository });
  const deals = createDealService({ deals: dealRepository, companies, contacts, clock });
  const bearers = { company: companies, contact: contacts, lead: leads, deal: deals };
  const notes = createNoteService({ notes: noteRepository, bearers });
  const tasks = createTaskService({ tasks: taskRepository, bearers, clock });

  const merging = createContactMerging({
    contacts,
    merges,
    repositories: {
      contacts: contactRepository,
      notes: noteRepository,
      deals: dealRepository,
      tasks: taskRepository,
    },
    log,
  });

  const audit = createAuditClient({ url: deps.auditUrl, metrics });
  const directory = createDirectory({ jwksUrl: deps.jwksUrl, metrics });
  const asked = { audit, directory };
  const claims = createConversionClaims(connection);
  const workOff = createConversionSteps({
    leads: leadRepository,
    deals: dealRepository,
    companies: companyRepository,
    claims,
  });
  const conversions = createConversionService({ leads, deals, companies, claims, workOff });
  const conversionSweeper = createConversionSweeper({ claims, workOff, log });
  const edits = createBulkEdits(connection);
  const imports = createImportRepository(store);
  const jobs = createImportJobs(connection);
  const importChunk = createChunkImporter({ companies: companyRepository, deals: dealRepository });
  const importRunner = createImportRunner({ jobs, imports, importChunk, log });

  const app = createServiceApp({
    ...deps,
    service: 'crm',
    routes: [
      ...companyRoutes({ service: companies, ...asked }),
      ...contactRoutes({ service: contacts, ...asked }),
      ...merging.routes,
      ...leadRoutes({ service: leads, edits, ...asked }),
      ...conversionRoutes(conversions),
      ...dealRoutes({ service: deals, edits, ...asked }),
      ...noteRoutes(notes),
      ...taskRoutes(tasks),
      ...importRoutes(createImportService({ imports, jobs, runner: importRunner })),
      ...activityRoutes([activityOf(notes, noteItem), activityOf(tasks, taskItem)]),
    ],
    // The broker is not asked: writes go on without it, their events wait in the outbox.
    checks: { database: pingMongo(connection) },
    errorMappers: [databaseProblem],
  });
  return {
    app,
    importRunner,
    mergeRunner: merging.runner,
    conversionSweeper,
    relay: createDelivery({ source: outbox, publisher, log, metrics }),
  };
}
