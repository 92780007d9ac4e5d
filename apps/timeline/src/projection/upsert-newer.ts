import { mongo } from 'mongoose';

/** A projected document: whichever version is the highest stays, in whatever order versions come. */
export interface Versioned {
  _id: string;
  version: number;
}

const duplicateKey = 11000;

/** Writes the documents that are newer than what is stored, in one command. */
export async function upsertNewer<D extends Versioned>(
  collection: mongo.Collection<D>,
  documents: D[],
): Promise<void> {
  const newest = newestOf(documents);
  if (newest.length === 0) return;
  const refused = await write(collection, newest, { upsert: true });
  // A refused upsert found the id taken: by a newer version, or by an older one that another consumer wrote at this
  // very moment. Only without `upsert` does the filter tell the two apart.
  if (refused.length > 0) await write(collection, refused, { upsert: false });
}

function newestOf<D extends Versioned>(documents: D[]): D[] {
  const byId = new Map<string, D>();
  for (const document of documents) {
    const known = byId.get(document._id);
    if (!known || known.version < document.version) byId.set(document._id, document);
  }
  return [...byId.values()];
}

/** @returns the documents whose upsert found the id taken */
async function write<D extends Versioned>(
  collection: mongo.Collection<D>,
  documents: D[],
  { upsert }: { upsert: boolean },
): Promise<D[]> {
  const operations = documents.map(({ _id, ...fields }) => ({
    updateOne: { filter: { _id, version: { $lt: fields.version } }, update: { $set: fields }, upsert },
  }));
  try {
    await collection.bulkWrite(operations as unknown as mongo.AnyBulkWriteOperation<D>[], { ordered: false });
    return [];
  } catch (error) {
    if (!(error instanceof mongo.MongoBulkWriteError)) throw error;
    const failures = [error.writeErrors].flat();
    const others = failures.some(({ code }) => code !== duplicateKey);
    if (others || error.result.getWriteConcernError()) throw error;
    return failures.flatMap(({ index }) => documents[index] ?? []);
  }
}
