import type { Connection } from '@pipedesk/mongo';

/** Where in a tenant's chain: the last record that was taken, and the segment it is in. */
export interface ChainPlace {
  segment: number;
  seq: number;
}

/** How far a stream has come. No setting of anybody's: it moves with every batch and is in no trail. */
export interface StreamCursor extends ChainPlace {
  _id: string;
  lastSuccessAt: Date | null;
  failures: number;
  failingSince: Date | null;
  nextAttemptAt: Date | null;
  lastError: string | null;
}

interface Failure {
  lastError: string;
  at: Date;
  nextAttemptAt: Date;
}

export type StreamCursors = ReturnType<typeof createStreamCursors>;

export const chainStart: ChainPlace = { segment: 1, seq: 0 };

export function createStreamCursors(connection: Connection) {
  const cursors = connection.collection<StreamCursor>('auditstreamcursors');
  const untried = {
    lastSuccessAt: null,
    failures: 0,
    failingSince: null,
    nextAttemptAt: null,
    lastError: null,
  };
  return {
    get: async (id: string): Promise<StreamCursor> =>
      (await cursors.findOne({ _id: id })) ?? { _id: id, ...chainStart, ...untried },
    /** A cursor that is there already stays where it is. */
    begin: async (id: string, place: ChainPlace): Promise<void> =>
      void (await cursors.updateOne(
        { _id: id },
        { $setOnInsert: { ...place, ...untried } },
        { upsert: true },
      )),
    /** Moves on from where it was read; false when another process has moved it meanwhile. */
    async advance({ _id, seq }: StreamCursor, to: ChainPlace, lastSuccessAt: Date): Promise<boolean> {
      const { matchedCount } = await cursors.updateOne(
        { _id, seq },
        { $set: { ...untried, ...to, lastSuccessAt } },
      );
      return matchedCount === 1;
    },
    /** Tries again at once, as after a change of its settings. */
    hurry: async (id: string): Promise<void> =>
      void (await cursors.updateOne({ _id: id }, { $set: { nextAttemptAt: null } })),
    async fail(
      { _id, failingSince }: StreamCursor,
      { lastError, at, nextAttemptAt }: Failure,
    ): Promise<void> {
      await cursors.updateOne(
        { _id },
        { $set: { lastError, nextAttemptAt, failingSince: failingSince ?? at }, $inc: { failures: 1 } },
      );
    },
    remove: async (id: string): Promise<void> => void (await cursors.deleteOne({ _id: id })),
    /** Since when the worst of some streams fails; null when none does. */
    async failingLongest(ids: string[]): Promise<Date | null> {
      const failing = await cursors.find({ _id: { $in: ids }, failures: { $gt: 0 } }).toArray();
      const times = failing.flatMap(({ failingSince }) => (failingSince ? [failingSince.getTime()] : []));
      return times.length > 0 ? new Date(Math.min(...times)) : null;
    },
  };
}
