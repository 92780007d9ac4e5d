import { type Connection, mongo } from 'mongoose';

/** A write that would leave no audit event. */
export class AuditBypass extends Error {
  override name = 'AuditBypass';
}

type GuardedCollection = ReturnType<Connection['collection']>;

/** What the driver's collections can do without changing anything; `aggregate` is looked at on its own. */
const reads = new Set([
  'aggregate',
  'count',
  'countDocuments',
  'distinct',
  'estimatedDocumentCount',
  'find',
  'findOne',
  'indexes',
  'indexExists',
  'indexInformation',
  'isCapped',
  'listIndexes',
  'listSearchIndexes',
  'options',
  'watch',
]);

/** Stages that write the result of an aggregation into a collection. */
const writingStages = ['$out', '$merge'];

/**
 * Makes every write through mongoose throw, so that the repository's own path is the only one left. The guard sits on
 * the collection below the model and not in middleware, because a caller can switch middleware off
 * (`{ middleware: false }`) while no model, query or document reaches the database except through its collection.
 * Whatever the driver can do and is not known to read is refused, so a new kind of write is refused as well.
 */
export function guardAudited(connection: Connection, collection: GuardedCollection): void {
  const refuse = (operation: string) => () => {
    throw new AuditBypass(
      `${operation} on ${collection.name} would bypass audit; use the repository's create, change or remove`,
    );
  };
  for (const operation of driverOperations().filter((name) => !reads.has(name)))
    Reflect.set(collection, operation, refuse(operation));
  const aggregate = collection.aggregate.bind(collection);
  collection.aggregate = (pipeline, options) =>
    isWriting(pipeline) ? refuse('aggregate with $out or $merge')() : aggregate(pipeline, options);
  // The one mongoose write that asks neither model nor collection; nobody needs it.
  connection.bulkWrite = refuse('bulkWrite of a connection');
}

function driverOperations(): string[] {
  const members = Object.entries(Object.getOwnPropertyDescriptors(mongo.Collection.prototype));
  return members
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name]) => name);
}

function isWriting(pipeline: object[] = []): boolean {
  return pipeline.flatMap((stage) => Object.keys(stage)).some((stage) => writingStages.includes(stage));
}
