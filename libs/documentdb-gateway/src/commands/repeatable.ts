import type { Command } from './command.ts';

/** Commands that change nothing; a cursor's next batch depends on nothing but its continuation. */
const READS = new Set([
  'find',
  'aggregate',
  'count',
  'distinct',
  'getMore',
  'listCollections',
  'listIndexes',
  'listDatabases',
  'collStats',
  'dbStats',
  'dbstats',
  'explain',
]);
const WRITING_STAGES = ['$out', '$merge'];

/**
 * True when running the command a second time does no harm: a read, or a write with a number. Whether a pipeline writes is decided
 * by the mere occurrence of the stage's name, so that some that do not are not repeated either.
 */
export function isRepeatable({ request, write }: Command): boolean {
  if (write) return true;
  if (!READS.has(request.name)) return false;
  return request.name !== 'aggregate' || !WRITING_STAGES.some((stage) => request.body.includes(stage));
}
