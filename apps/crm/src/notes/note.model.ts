import { type Note, noteItem } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import { bearerIndexes, bearerLink } from '../records/bearers.ts';
import type { StoreDeps } from '../records/store-deps.ts';

const collection = 'notes';

export type NoteRepository = AuditedRepository<Note>;

export function createNoteRepository(deps: StoreDeps): NoteRepository {
  return createAuditedRepository<Note>({
    ...deps,
    entityType: 'note',
    collection,
    linksOf: bearerLink,
    // The key of the note's timeline item, so that the live feed is one range over one index.
    derive: (note) => ({ _key: noteItem(note).key }),
    fields: {
      _key: String,
      entityType: { type: String, required: true },
      entityId: { type: String, required: true },
      text: { type: String, required: true },
      authorName: { type: String, required: true },
      ownerId: { type: String, default: null },
      teamId: { type: String, default: null },
    },
  });
}

export const noteMigrations: Migration[] = [
  {
    id: '2026-11-22-note-indexes',
    up: (db) => db.collection(collection).createIndexes([...auditedIndexes, ...bearerIndexes]),
  },
];
