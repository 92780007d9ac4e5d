import type { EntityType, Link } from '@pipedesk/contracts';
import type { mongo, SchemaDefinition } from 'mongoose';
import type { AuditedModel, StoredDocument } from './audited-model.ts';
import type { Connection } from './connection.ts';
import type { Outbox } from './outbox.ts';
import type { RecordBase } from './record.ts';

export interface RepositoryDefinition<R extends RecordBase> {
  connection: Connection;
  outbox: Outbox;
  entityType: EntityType;
  collection: string;
  /** mongoose paths of the record's own fields. */
  fields: SchemaDefinition;
  /** Records on whose timelines this record's changes belong too. */
  linksOf?: (record: R) => Link[];
  /** Stored beside the record and never shown; names start with `_`. Used for sort keys. */
  derive?: (record: R) => Record<string, unknown>;
  /** What only one record of the tenant that is not deleted may have; null where the record has none. Needs `uniqueIndex`. */
  unique?: (record: R) => string | null;
}

/** What the parts of a repository share. */
export interface Store<R extends RecordBase> {
  definition: RepositoryDefinition<R>;
  /** Reads and casts; every write through it throws. */
  model: AuditedModel;
  /** The driver's own collection, which only the repository's write path may use. */
  collection: mongo.Collection<StoredDocument>;
}
