import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import mongoose, { type HydratedDocument, type Model, Schema } from 'mongoose';
import { EventEmitter } from 'node:events';
import { AuditBypass, type Connection } from '../src/index.ts';
import { guardAudited } from '../src/audited-guard.ts';
import { openDatabase, stored } from './fixture.ts';

interface Fields {
  _id: string;
  name: string;
}

let connection: Connection;
let close: () => Promise<void>;
let model: Model<Fields>;

beforeAll(async () => {
  ({ connection, close } = await openDatabase());
  model = connection.model(
    'deal',
    new Schema<Fields>({ _id: String, name: String }, { collection: 'deals' }),
  );
  guardAudited(connection, model.collection);
  await stored(connection).insertOne({ _id: 'a', name: 'as it was', version: 1 });
});
afterAll(() => close());

const everything = { _id: 'a' };
const set = { $set: { name: 'bypassed' } };
const replacement = { name: 'bypassed' };
const fresh = { _id: 'b', name: 'bypassed' };
type Options = Record<string, unknown>;
type StoredDocument = HydratedDocument<Fields>;

/** Every way that mongoose has to write through a model. */
const modelWrites: Record<string, (options: Options) => unknown> = {
  create: (options) => model.create([fresh], options),
  insertOne: (options) => model.insertOne(fresh, options),
  insertMany: (options) => model.insertMany([fresh], options),
  updateOne: (options) => model.updateOne(everything, set, options),
  updateMany: (options) => model.updateMany(everything, set, options),
  replaceOne: (options) => model.replaceOne(everything, replacement, options),
  deleteOne: (options) => model.deleteOne(everything, options),
  deleteMany: (options) => model.deleteMany(everything, options),
  findOneAndUpdate: (options) => model.findOneAndUpdate(everything, set, options),
  findOneAndReplace: (options) => model.findOneAndReplace(everything, replacement, options),
  findOneAndDelete: (options) => model.findOneAndDelete(everything, options),
  findByIdAndUpdate: (options) => model.findByIdAndUpdate('a', set, options),
  findByIdAndDelete: (options) => model.findByIdAndDelete('a', options),
  bulkWrite: (options) => model.bulkWrite([{ updateOne: { filter: everything, update: set } }], options),
  bulkSave: (options) => model.bulkSave([new model(fresh)], options),
  aggregate: (options) => model.aggregate([{ $match: {} }, { $out: 'copies' }], options),
};

/** ... through a document that was read before, */
const documentWrites: Record<string, (document: StoredDocument, options: Options) => unknown> = {
  save: (document, options) => document.set('name', 'bypassed').save(options),
  updateOne: (document, options) => document.updateOne(set, options),
  replaceOne: (document, options) => document.replaceOne(replacement, options),
  deleteOne: (document, options) => document.deleteOne(options),
};

/** ... and through a query that began as a read. */
const queryWrites: Record<string, (query: ReturnType<typeof readQuery>, options: Options) => unknown> = {
  updateOne: (query, options) => query.updateOne({}, set, options),
  updateMany: (query, options) => query.updateMany({}, set, options),
  replaceOne: (query, options) => query.replaceOne({}, replacement, options),
  deleteOne: (query, options) => query.deleteOne({}, options),
  deleteMany: (query, options) => query.deleteMany({}, options),
  findOneAndUpdate: (query, options) => query.findOneAndUpdate({}, set, options),
  findOneAndReplace,
  findOneAndDelete: (query, options) => query.findOneAndDelete({}, options),
  findByIdAndUpdate: (query, options) => query.findByIdAndUpdate('a', set, options),
  findByIdAndDelete: (query, options) => query.findByIdAndDelete('a', options),
};
const readQuery = () => model.find(everything);

/** mongoose has this method and its types forget it. */
function findOneAndReplace(query: ReturnType<typeof readQuery>, options: Options): unknown {
  const method: unknown = Reflect.get(query, 'findOneAndReplace');
  if (typeof method !== 'function') throw new Error('mongoose has no findOneAndReplace any more');
  return Reflect.apply(method, query, [{}, replacement, options]);
}

/** Reads, builds models and queries, or deals with indexes: nothing that touches a document. */
const harmlessStatics = names(`
  find findOne findById findAndCount exists where $where distinct watch populate countDocuments estimatedDocumentCount
  listIndexes listSearchIndexes diffIndexes ensureIndexes createIndexes syncIndexes cleanIndexes createSearchIndex
  createSearchIndexes updateSearchIndex dropSearchIndex createCollection inspect compile discriminator init hydrate
  castObject applyDefaults applyTimestamps applyVirtuals translateAliases validate namespace recompileSchema
  startSession buildBulkWriteOperations clientEncryption useConnection
`);
const harmlessDocumentMethods = names(`
  model increment depopulate directModifiedPaths equals get getChanges init inspect invalidate isDirectModified
  isDirectSelected isInit isModified isSelected markModified modifiedPaths overwrite ownerDocument parent populate
  populated set toBSON toJSON toObject unmarkModified validate validateSync
`);
const harmlessQueryMethods = names(`
  allowDiskUse box cast catch center centerSphere clone collation countDocuments cursor distinct error
  estimatedDocumentCount exec explain finally find findAndCount findById findOne get getFilter getOptions
  getPopulatedPaths getQuery getUpdate isPathSelectedInclusive j lean limit maxTimeMS merge mod mongooseOptions near
  nearSphere orFail populate post pre projection read sanitizeProjection schemaLevelProjections select
  selectedExclusively selectedInclusively session set setOptions setQuery setUpdate skip slice sort tailable then
  toConstructor transform validate w where writeConcern wtimeout
`);

function names(list: string): Set<string> {
  return new Set(list.trim().split(/\s+/));
}

/** Functions anybody may call: no internals, no plumbing of event emitters. */
function publicFunctions(...owners: object[]): string[] {
  const found = owners.flatMap((owner) =>
    Object.entries(Object.getOwnPropertyDescriptors(owner))
      .filter(
        ([name, { value }]) => typeof value === 'function' && !/^(_|\$(?!where)|constructor$)/.test(name),
      )
      .map(([name]) => name),
  );
  return [...new Set(found)].filter((name) => !(name in EventEmitter.prototype)).sort();
}

const sorted = (...lists: Iterable<string>[]) => [...new Set(lists.flatMap((list) => [...list]))].sort();

describe('the lists of this test', () => {
  // A name on neither list is a new one: find out whether it writes, and add it where it belongs.
  it('name every public function of models, documents and queries', () => {
    expect(publicFunctions(mongoose.Model)).toEqual(sorted(Object.keys(modelWrites), harmlessStatics));
    expect(publicFunctions(mongoose.Model.prototype, mongoose.Document.prototype)).toEqual(
      sorted(Object.keys(documentWrites), harmlessDocumentMethods),
    );
    expect(publicFunctions(mongoose.Query.prototype)).toEqual(
      sorted(Object.keys(queryWrites), harmlessQueryMethods),
    );
  });
});

/** With middleware switched off, which a guard made of middleware would not survive, and with it on. */
describe.each([[{}], [{ middleware: false }]])('with the options %j', (options) => {
  it.each(Object.keys(modelWrites))('Model.%s is refused', (name) =>
    expectRefusal(() => modelWrites[name]?.(options)),
  );

  it.each(Object.keys(documentWrites))('document.%s is refused', async (name) => {
    const document = await model.findById('a').orFail();
    await expectRefusal(() => documentWrites[name]?.(document, options));
  });

  it.each(Object.keys(queryWrites))('query.%s is refused', (name) =>
    expectRefusal(() => queryWrites[name]?.(readQuery(), options)),
  );
});

describe('the guard', () => {
  it('refuses an aggregation that merges, and a bulk write of the whole connection', async () => {
    await expectRefusal(() => model.aggregate([{ $merge: { into: 'deals' } }]));
    await expectRefusal(() => model.aggregate().match({}).append({ $out: 'copies' }).exec());
    await expectRefusal(() => connection.bulkWrite([{ model: 'deal', name: 'deleteMany', filter: {} }]));
  });

  it("refuses the writes of mongoose's collection, whoever asks for it", async () => {
    for (const collection of [model.collection, connection.collection<Fields>('deals')]) {
      await expectRefusal(() => collection.updateOne({ name: 'as it was' }, set));
      await expectRefusal(() => collection.initializeOrderedBulkOp());
      await expectRefusal(() => collection.drop());
    }
  });

  it('lets every read through', async () => {
    expect(await model.find(everything).lean()).toMatchObject([{ _id: 'a' }]);
    expect(await model.countDocuments()).toBe(1);
    expect(await model.distinct('name')).toEqual(['as it was']);
    expect(await model.aggregate([{ $match: everything }, { $project: { name: 1 } }])).toHaveLength(1);
    expect(await model.find().cursor().next()).toMatchObject({ name: 'as it was' });
  });
});

async function expectRefusal(attempt: () => unknown): Promise<void> {
  await expect((async () => await attempt())()).rejects.toThrow(AuditBypass);
  expect(await stored(connection).find().toArray()).toEqual([{ _id: 'a', name: 'as it was', version: 1 }]);
  expect(await stored(connection, 'copies').countDocuments()).toBe(0);
}
