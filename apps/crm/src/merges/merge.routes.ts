import { idParams, mergeContactsBody, mergedContactSchema } from '@pipedesk/contracts';
import { audited, type Route, route } from '@pipedesk/service-kit';
import type { ContactMergeService } from './merge.service.ts';

export const contactMergeRoutes = (service: ContactMergeService): Route[] => [
  route({
    method: 'post',
    path: '/contacts/:id/merge',
    summary: 'Merge one or two other contacts into this one; a repeat answers what came of it',
    permission: 'contacts:merge',
    audit: audited('crm.contact.updated', 'crm.contact.deleted', 'crm.note.updated', 'crm.deal.updated'),
    params: idParams,
    body: mergeContactsBody,
    response: mergedContactSchema,
    shows: 'contact',
    handle: ({ context, params, body, ifMatch }) => service.merge(context, params.id, { ifMatch }, body),
  }),
];
