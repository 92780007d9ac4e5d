import type { NewNote, NotableType, Note, NoteListQuery, Page } from '@pipedesk/contracts';
import type { TenantContext } from '@pipedesk/service-kit';
import {
  createOwnedRecords,
  type OwnedRecord,
  type OwnedRecords,
  type WriteOptions,
} from '../records/owned-records.ts';
import type { NoteRepository } from './note.model.ts';

export type NoteService = ReturnType<typeof createNoteService>;

/** Where a note's record is looked up: reading a note follows from reading its record. */
export type Notables = Record<NotableType, Pick<OwnedRecords<OwnedRecord>, 'get' | 'requireReference'>>;

export function createNoteService({ notes, notables }: { notes: NoteRepository; notables: Notables }) {
  const records = createOwnedRecords(notes, 'notes');
  return {
    ...records,
    create: async (context: TenantContext, note: NewNote, key?: string): Promise<Note> => {
      await notables[note.entityType].requireReference(context, note.entityType, note.entityId, 'entityId');
      return records.create(context, { ...note, authorName: context.actor.name }, key);
    },
    get: async (context: TenantContext, id: string): Promise<Note> => {
      const note = await records.get(context, id);
      await notables[note.entityType].get(context, note.entityId);
      return note;
    },
    list: async (
      context: TenantContext,
      { entityType, entityId, ...page }: NoteListQuery,
    ): Promise<Page<Note>> => {
      await notables[entityType].get(context, entityId);
      return records.list(context, { entityType, entityId }, page);
    },
    change: (
      context: TenantContext,
      id: string,
      options: WriteOptions,
      { text }: { text: string },
    ): Promise<Note> =>
      records.change(context, id, options, (note) => {
        note.text = text;
      }),
  };
}
