import { type ProblemError, type TenantContext, unprocessable } from '@pipedesk/service-kit';
import { mongo } from 'mongoose';
import { createHash } from 'node:crypto';
import { type StoredDocument, uniqueIndex } from './audited-model.ts';
import { isDuplicateKey } from './errors.ts';
import { tenantOf } from './tenant.ts';

type Collection = mongo.Collection<StoredDocument>;

/** Name of the unique index over tenant and idempotency key. */
const idempotencyIndex = 'idempotency';

/** Keys belong to the user who sent them: two users may choose the same. */
export function ownKey(context: TenantContext, key: string): string {
  return `${context.actor.id}:${key}`;
}

export function fingerprintOf(request: unknown): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('base64url');
}

/**
 * The record the first request with this key has made, as it is now; null when there was none.
 * @throws ProblemError 422 `idempotency_key_reused` when that request was another one
 */
export async function findFirst(
  collection: Collection,
  context: TenantContext,
  key: string,
  fingerprint: string,
): Promise<StoredDocument | null> {
  const document = await collection.findOne({
    tenantId: tenantOf(context),
    '_idempotency.key': ownKey(context, key),
  });
  if (!document || document._idempotency?.fingerprint === fingerprint) return document;
  throw keyReused();
}

/** The same for a key that is known to be taken. */
export async function findRepeated(...args: Parameters<typeof findFirst>): Promise<StoredDocument> {
  const first = await findFirst(...args);
  if (first) return first;
  throw keyReused();
}

function keyReused(): ProblemError {
  return unprocessable('idempotency_key_reused', {
    detail: 'This Idempotency-Key was used with another body. Use a new key.',
  });
}

/** Of several unique indexes that refuse an insert the server names any one, so the key is looked for by itself. */
export async function isKeyTaken(
  collection: Collection,
  context: TenantContext,
  key: string,
): Promise<boolean> {
  const filter = { tenantId: tenantOf(context), '_idempotency.key': ownKey(context, key) };
  return (await collection.findOne(filter, { projection: { _id: 1 } })) !== null;
}

/** Inserts what is not there yet. @returns the documents written; the others' keys, or what is unique in them, exist already */
export async function insertFresh(
  collection: Collection,
  documents: StoredDocument[],
): Promise<StoredDocument[]> {
  if (documents.length === 0) return [];
  try {
    await collection.insertMany(documents, { ordered: false });
    return documents;
  } catch (error) {
    const refused = repeatsIn(error);
    if (!refused) throw error;
    return documents.filter((_, index) => !refused.has(index));
  }
}

/** The positions that were refused as repeats; undefined when anything else went wrong as well. */
function repeatsIn(error: unknown): Set<number> | undefined {
  if (!(error instanceof mongo.MongoBulkWriteError)) return undefined;
  const failures = [error.writeErrors].flat();
  // None at all means that the command itself failed, as in an outage: nothing is known to be written.
  return failures.length > 0 && failures.every(isRepeat)
    ? new Set(failures.map(({ index }) => index))
    : undefined;
}

/** A taken id is a repeat too: the driver's own, of a command whose answer was lost. */
function isRepeat({ code, errmsg = '' }: mongo.WriteError): boolean {
  const failure = new mongo.MongoServerError({ message: errmsg, code });
  return [idempotencyIndex, uniqueIndex.name, '_id_'].some((index) => isDuplicateKey(failure, index));
}
