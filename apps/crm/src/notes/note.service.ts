import type { NewNote, Note, NoteListQuery, Page } from '@pipedesk/contracts';
import type { TenantContext } from '@pipedesk/service-kit';
import { type Bearers, createNewestOn } from '../records/bearers.ts';
import { createOwnedRecords, type WriteOptions } from '../records/owned-records.ts';
import type { NoteRepository } from './note.model.ts';

export type NoteService = ReturnType<typeof createNoteService>;

export function createNoteService({ notes, bearers }: { notes: NoteRepository; bearers: Bearers }) {
  const records = createOwnedRecords(notes, 'notes');

  /** A note is as visible as its record. */
  async function get(context: TenantContext, id: string): Promise<Note> {
    const note = await records.get(context, id);
    await bearers[note.entityType].get(context, note.entityId);
    return note;
  }

  return {
    ...records,
    get,
    create: async (context: TenantContext, note: NewNote, key?: string): Promise<Note> => {
      await bearers[note.entityType].requireReference(context, note.entityType, note.entityId, 'entityId');
      return records.create(context, { ...note, authorName: context.actor.name }, key);
    },
    list: async (
      context: TenantContext,
      { entityType, entityId, ...page }: NoteListQuery,
    ): Promise<Page<Note>> => {
      await bearers[entityType].get(context, entityId);
      return records.list(context, { entityType, entityId }, page);
    },
    newest: createNewestOn(bearers, records.list),
    change: async (
      context: TenantContext,
      id: string,
      options: WriteOptions,
      { text }: { text: string },
    ): Promise<Note> => {
      await get(context, id);
      return records.change(context, id, options, (note) => {
        note.text = text;
      });
    },
    remove: async (context: TenantContext, id: string, options: WriteOptions): Promise<void> => {
      await get(context, id);
      await records.remove(context, id, options);
    },
  };
}
