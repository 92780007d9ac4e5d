import { type KeyRange, keyRange, type LogRange } from './audit-log.query.ts';

/** Times of a tenant's first and last record, ms since 1970. */
interface Span {
  first: number;
  last: number;
}

type EdgeReader = (tenantId: string, direction: 1 | -1) => Promise<{ time: Date } | null>;

/** Of what would come evenly through the years: changes come in waves. */
const spare = 3;
/** ms. A span that has grown meanwhile makes a slice longer, not wrong. */
const knownFor = 3_600_000;
const mostKnown = 5_000;
/** At the beginning of a key. */
const timeLength = new Date(0).toISOString().length;

export interface NewestSlices {
  /** Begins to read what a slice will need, beside other work. */
  prepare(tenantId: string): void;
  /** The latest part of a range that should have a page of matches; undefined where the whole is no more. */
  sliceOf(
    tenantId: string,
    range: LogRange,
    page: { limit: number; matches: number },
  ): Promise<KeyRange | undefined>;
}

/**
 * Where matches have to be sorted, the newest fifty of a thousand cost as much as all of them. Those of the last weeks are
 * fewer, and are the newest if they fill the page; how long a time that takes is guessed from how many matches a tenant has,
 * and from when to when it has records. A wrong guess costs a question in vain.
 */
export function createNewestSlices(readEdge: EdgeReader): NewestSlices {
  const spans = new Map<string, { span: Promise<Span | undefined>; until: number }>();

  function spanOf(tenantId: string): Promise<Span | undefined> {
    const known = spans.get(tenantId);
    if (known && known.until > performance.now()) return known.span;
    if (spans.size >= mostKnown) spans.clear();
    const span = readSpan(tenantId);
    spans.set(tenantId, { span, until: performance.now() + knownFor });
    // A failure is whoever's asked, and nothing to remember.
    span.catch(() => spans.delete(tenantId));
    return span;
  }

  async function readSpan(tenantId: string): Promise<Span | undefined> {
    const [first, last] = await Promise.all([readEdge(tenantId, 1), readEdge(tenantId, -1)]);
    return first && last ? { first: first.time.getTime(), last: last.time.getTime() } : undefined;
  }

  return {
    prepare: (tenantId) => void spanOf(tenantId),
    async sliceOf(tenantId, range, { limit, matches }) {
      const share = (spare * limit) / matches;
      if (share >= 1) return undefined;
      const span = await spanOf(tenantId);
      if (!span) return undefined;
      const { $gte, $lt } = keyRange(range);
      // A range that ends in no time ends with the last record.
      const end = Math.min(Date.parse($lt.slice(0, timeLength)) || Infinity, span.last);
      const start = end - share * (span.last - span.first);
      if (start <= span.first) return undefined;
      const from = new Date(start).toISOString();
      return from > $gte ? { $gte: from, $lt } : undefined;
    },
  };
}
