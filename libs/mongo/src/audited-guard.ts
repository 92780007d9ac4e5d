import type { Schema } from 'mongoose';

/** A write that would leave no audit event. */
export class AuditBypass extends Error {
  override name = 'AuditBypass';
}

const queryWrites = [
  'updateOne',
  'updateMany',
  'replaceOne',
  'findOneAndUpdate',
  'findOneAndReplace',
  'findOneAndDelete',
  'deleteOne',
  'deleteMany',
] as const;

/** Stages that write the result of an aggregation into a collection. */
const writingStages = ['$out', '$merge'];

/**
 * Makes every mongoose write on a model throw, so that the repository's own path is the only one left. mongoose routes
 * `create`, `insertOne` and `bulkSave` through `save`, `insertMany` and `bulkWrite`, and `findById...` through
 * `findOneAnd...`; a test walks through all of them.
 */
export function guardAudited(schema: Schema, entityType: string): void {
  const refuse = (operation: string) => () => {
    throw new AuditBypass(
      `${operation} on ${entityType} would bypass audit; use the repository's create, change or remove`,
    );
  };
  for (const operation of queryWrites) {
    schema.pre(operation, { document: false, query: true }, refuse(operation));
  }
  schema.pre(['updateOne', 'deleteOne'], { document: true, query: false }, refuse('a document write'));
  schema.pre('save', refuse('save'));
  schema.pre('insertMany', refuse('insertMany'));
  schema.pre('bulkWrite', refuse('bulkWrite'));
  schema.pre('aggregate', function () {
    const stages = this.pipeline().flatMap((stage) => Object.keys(stage));
    if (stages.some((stage) => writingStages.includes(stage))) refuse('aggregate with $out or $merge')();
  });
}
