import { changeNoteBody, createNoteBody, noteListQuery, notePage, noteSchema } from '@pipedesk/contracts';
import { recordRoutes } from '../records/record-routes.ts';
import type { NoteService } from './note.service.ts';

export const noteRoutes = (service: NoteService) =>
  recordRoutes({
    resource: 'notes',
    event: 'crm.note',
    createBody: createNoteBody,
    changeBody: changeNoteBody,
    listQuery: noteListQuery,
    record: noteSchema,
    page: notePage,
    service,
  });
