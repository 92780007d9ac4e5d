import {
  changeContactBody,
  contactListQuery,
  contactPage,
  contactSchema,
  createContactBody,
  restorableContact,
} from '@pipedesk/contracts';
import type { Route } from '@pipedesk/service-kit';
import { recordRoutes } from '../records/record-routes.ts';
import type { AuditClient } from '../restores/audit-client.ts';
import { restoreRoutes } from '../restores/restore-routes.ts';
import type { ContactService } from './contact.service.ts';

export const contactRoutes = (service: ContactService, audit: AuditClient): Route[] => [
  ...recordRoutes({
    resource: 'contacts',
    event: 'crm.contact',
    createBody: createContactBody,
    changeBody: changeContactBody,
    listQuery: contactListQuery,
    record: contactSchema,
    shows: 'contact',
    page: contactPage,
    service,
  }),
  ...restoreRoutes({
    resource: 'contacts',
    entityType: 'contact',
    record: contactSchema,
    restorable: restorableContact,
    service,
    audit,
  }),
];
