import { type Connection, createOutbox, databaseProblem, pingMongo } from '@pipedesk/mongo';
import { createDelivery, type OutboxRelay, type Publisher } from '@pipedesk/messaging';
import { createServiceApp, type Logger, type Registry } from '@pipedesk/service-kit';
import type { Express, RequestHandler } from 'express';
import { activityRoutes } from './activity/activity.routes.ts';
import { createActivityService } from './activity/activity.service.ts';
import { createCrmClient } from './crm/crm-client.ts';
import { createCalendarEventRepository } from './events/calendar-event.model.ts';
import { calendarEventRoutes } from './events/calendar-event.routes.ts';
import { freeBusyRoutes } from './free-busy/free-busy.routes.ts';
import { createFreeBusyService } from './free-busy/free-busy.service.ts';
import { createCalendarEventService } from './events/calendar-event.service.ts';

export interface AppDeps {
  connection: Connection;
  publisher: Publisher;
  authenticate: RequestHandler;
  crmUrl: string;
  log: Logger;
  metrics: Registry;
  trustedProxies: string;
  isShuttingDown: () => boolean;
}

/** Builds the service; never listens. */
export function createApp(deps: AppDeps): { app: Express; relay: OutboxRelay } {
  const { connection, publisher, log, metrics } = deps;
  const outbox = createOutbox();
  const crm = createCrmClient({ url: deps.crmUrl, metrics });
  const events = createCalendarEventRepository({ connection, outbox });

  const app = createServiceApp({
    ...deps,
    service: 'calendar-sync',
    routes: [
      ...calendarEventRoutes(createCalendarEventService({ events, crm })),
      ...freeBusyRoutes(createFreeBusyService({ events })),
      ...activityRoutes(createActivityService({ events, crm })),
    ],
    // The broker is not asked: writes go on without it, their events wait in the outbox.
    checks: { database: pingMongo(connection) },
    errorMappers: [databaseProblem],
  });
  return { app, relay: createDelivery({ source: outbox, publisher, log, metrics }) };
}
