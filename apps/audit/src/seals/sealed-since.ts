import type { Segment } from './format/segment-check.ts';
import type { SealStore } from './seal.store.ts';

/** What was sealed behind a segment since a reading began, for as long as more of it is needed. */
export async function* sealedSince(
  seals: Pick<SealStore, 'head' | 'segments'>,
  tenantId: string,
  segment: number,
  isNeeded: () => boolean,
): AsyncGenerator<Segment> {
  if (!isNeeded()) return;
  const head = await seals.head(tenantId);
  if (!head) return;
  for await (const next of seals.segments(tenantId, { from: segment + 1, to: head.segment })) {
    yield next;
    if (!isNeeded()) return;
  }
}
