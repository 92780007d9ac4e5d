import { mongo } from 'mongoose';
import { type StoredDocument, uniqueIndex } from './audited-model.ts';
import { isDuplicateKey } from './errors.ts';

const pageSize = 1_000;

/**
 * The index behind a repository's `unique`, and what it says of the records that are there already. Of doubles from before,
 * the oldest gets the value to itself; the others stay as they are, for people to sort out: which of them is right is
 * nothing a migration can know. May be repeated.
 */
export async function keepUnique(
  { collectionName, db }: { collectionName: string; db: mongo.Db },
  field: string,
): Promise<void> {
  const collection = db.collection<StoredDocument>(collectionName);
  await collection.createIndexes([uniqueIndex]);
  const open = { deletedAt: null, _unique: { $exists: false }, [field]: { $type: 'string' } };
  for (let last = ''; ;) {
    const page = await collection
      .find({ ...open, _id: { $gt: last } })
      .project<{ _id: string; [field: string]: unknown }>({ [field]: 1 })
      .sort({ _id: 1 })
      .limit(pageSize)
      .toArray();
    if (page.length > 0) await claimAll(collection, field, page);
    if (page.length < pageSize) return;
    last = page.at(-1)?._id ?? '';
  }
}

async function claimAll(
  collection: mongo.Collection<StoredDocument>,
  field: string,
  page: { _id: string; [field: string]: unknown }[],
): Promise<void> {
  const operations = page.map(({ _id, [field]: value }) => ({
    // If it is still so: a service that runs already may have changed the record.
    updateOne: {
      filter: { _id, deletedAt: null, [field]: value },
      update: { $set: { _unique: String(value) } },
    },
  }));
  try {
    await collection.bulkWrite(operations, { ordered: false });
  } catch (error) {
    const failures = error instanceof mongo.MongoBulkWriteError ? [error.writeErrors].flat() : [];
    const isDouble = ({ code, errmsg = '' }: mongo.WriteError) =>
      isDuplicateKey(new mongo.MongoServerError({ message: errmsg, code }), uniqueIndex.name);
    if (failures.length === 0 || !failures.every(isDouble)) throw error;
  }
}
