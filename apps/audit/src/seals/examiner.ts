import { availableParallelism } from 'node:os';
import { Tinypool } from 'tinypool';
import examineHere, { type ExaminedSegment, type SegmentsToExamine } from './examine.worker.ts';
import { bytesOfLeaves, idsOf, type SealStore, type SegmentRange, type StoredSeal } from './seal.store.ts';

export interface Examiner {
  /** Every segment of a range with what was found in it, in order. */
  examine(tenantId: string, range: SegmentRange): AsyncGenerator<ExaminedSegment>;
  /** Ends the threads; what is asked for meanwhile fails. */
  close(): Promise<void>;
}

const mostThreads = Math.min(4, availableParallelism());
/** Being read, waiting for a thread, or waiting for their turn: about 2 MB each. */
const groupsAtOnce = mostThreads + 2;

/**
 * Recomputes segments on all processors: hashing a million records is minutes of one, and while it lasts this thread has
 * others to answer. What is few enough to be read at once is done before a thread would have started, and stays here.
 */
export function createExaminer(seals: Pick<SealStore, 'groups' | 'rawRecords' | 'stubsOf'>): Examiner {
  const pool = new Tinypool({
    filename: new URL('./examine.worker.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: mostThreads,
    idleTimeout: 10_000,
  });
  const examineThere = (work: SegmentsToExamine) =>
    pool.run(work, { transferList: [work.documents.buffer] }) as Promise<ExaminedSegment[]>;

  async function examineGroup(
    group: StoredSeal[],
    examine: (work: SegmentsToExamine) => ExaminedSegment[] | Promise<ExaminedSegment[]>,
  ): Promise<ExaminedSegment[]> {
    const wanted = group.flatMap(idsOf);
    const documents = await seals.rawRecords(wanted);
    const stubs = await seals.stubsOf(group, documents.length < wanted.length);
    const segments = group.map(({ ids, leaves, ...seal }) => ({
      seal,
      removed: stubs.get(seal._id) ?? [],
      ids: idsOf({ ids }),
      // A copy: the bytes are a part of the driver's, and a thread would be sent the whole.
      leaves: new Uint8Array(bytesOfLeaves({ leaves })),
    }));
    return examine({ segments, ...placed(documents) });
  }

  async function* examine(tenantId: string, range: SegmentRange): AsyncGenerator<ExaminedSegment> {
    const groups = seals.groups(tenantId, range);
    const [first, second] = [await groups.next(), await groups.next()];
    if (first.done) return;
    if (second.done) {
      yield* await examineGroup(first.value, examineHere);
      return;
    }
    const queue: Promise<ExaminedSegment[]>[] = [];
    const enqueue = (group: StoredSeal[]) => {
      const examined = examineGroup(group, examineThere);
      // Awaited when its turn comes; a failure until then is nobody's unhandled rejection.
      examined.catch(() => undefined);
      queue.push(examined);
    };
    enqueue(first.value);
    enqueue(second.value);
    for await (const group of groups) {
      enqueue(group);
      if (queue.length >= groupsAtOnce) yield* (await queue.shift()) ?? [];
    }
    for (const examined of queue) yield* await examined;
  }

  return { examine, close: () => pool.destroy() };
}

type Placed = Pick<SegmentsToExamine, 'documents' | 'starts'>;

/** More than one read of a socket has, or the pool of small buffers: both may hold what is others'. */
const ownMemory = 128 * 1_024;

/**
 * Documents as they go to a thread: in the memory in which the driver put them together, which nobody needs any more. With a copy
 * of each batch this thread's collector had to go through everything more than twice as often.
 */
function placed(documents: Uint8Array[]): Placed {
  const [first] = documents;
  const memory = first?.buffer;
  const isOwn = memory instanceof ArrayBuffer && memory.byteLength > ownMemory;
  if (!isOwn || documents.some(({ buffer }) => buffer !== memory)) return copied(documents);
  return { documents: new Uint8Array(memory), starts: documents.map(({ byteOffset }) => byteOffset) };
}

function copied(documents: Uint8Array[]): Placed {
  const all = new Uint8Array(documents.reduce((length, document) => length + document.length, 0));
  let at = 0;
  const starts = documents.map((document) => {
    all.set(document, at);
    at += document.length;
    return at - document.length;
  });
  return { documents: all, starts };
}
