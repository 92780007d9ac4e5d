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

interface Place {
  entityType: NotableType;
  entityId: string;
}

interface Before {
  before?: string | undefined;
  limit: number;
}

export function createNoteService({ notes, notables }: { notes: NoteRepository; notables: Notables }) {
  const records = createOwnedRecords(notes, 'notes');

  /** A note is as visible as its record. */
  async function get(context: TenantContext, id: string): Promise<Note> {
    const note = await records.get(context, id);
    await notables[note.entityType].get(context, note.entityId);
    return note;
  }

  return {
    ...records,
    get,
    create: async (context: TenantContext, note: NewNote, key?: string): Promise<Note> => {
      await notables[note.entityType].requireReference(context, note.entityType, note.entityId, 'entityId');
      return records.create(context, { ...note, authorName: context.actor.name }, key);
    },
    list: async (
      context: TenantContext,
      { entityType, entityId, ...page }: NoteListQuery,
    ): Promise<Page<Note>> => {
      await notables[entityType].get(context, entityId);
      return records.list(context, { entityType, entityId }, page);
    },
    /** A record's notes before a timeline key, newest first. */
    newest: async (
      context: TenantContext,
      { entityType, entityId }: Place,
      { before, limit }: Before,
    ): Promise<Note[]> => {
      await notables[entityType].get(context, entityId);
      const older = before === undefined ? {} : { _key: { $lt: before } };
      const page = await records.list(
        context,
        { entityType, entityId, ...older },
        { limit, orderBy: '_key' },
      );
      return page.items;
    },
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
