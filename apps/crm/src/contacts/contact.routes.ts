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
import type { Directory } from '../owners/directory.ts';
import { assignRoute } from '../owners/owner-routes.ts';
import { restoreRoutes } from '../restores/restore-routes.ts';
import type { ContactService } from './contact.service.ts';

interface ContactRouteDeps {
  service: ContactService;
  audit: AuditClient;
  directory: Directory;
}

export const contactRoutes = ({ service, audit, directory }: ContactRouteDeps): Route[] => [
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
  assignRoute({ resource: 'contacts', entityType: 'contact', record: contactSchema, service, directory }),
  ...restoreRoutes({
    resource: 'contacts',
    entityType: 'contact',
    record: contactSchema,
    restorable: restorableContact,
    service,
    audit,
  }),
];
