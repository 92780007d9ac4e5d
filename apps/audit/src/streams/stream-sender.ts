import { failpoint, type Logger, systemAuthority, type TenantContext } from '@pipedesk/service-kit';
import type { SealStore } from '../seals/seal.store.ts';
import { type Batch, batchesBehind } from './batches.ts';
import type { StreamCursor, StreamCursors } from './stream-cursors.ts';
import type { StreamMetrics } from './stream-metrics.ts';
import type { StreamRepository, TenantStream } from './stream.model.ts';
import type { Delivery, Webhook } from './webhook.ts';

interface SenderDeps {
  streams: StreamRepository;
  cursors: StreamCursors;
  seals: Pick<SealStore, 'head' | 'segments'>;
  webhook: Webhook;
  metrics: StreamMetrics;
  log: Logger;
  clock: () => Date;
}

/** A stream gives way to the next round after so many batches, which sees changes of its settings. */
const batchesARound = 50;
const firstPause = 1_000;
const longestPause = 5 * 60_000;
const longestWish = 60 * 60_000;

/**
 * Sends to webhooks, each stream for itself: a slow receiver keeps nobody else waiting. The cursor moves when the receiver
 * has answered 2xx and never before, so a batch may come twice (with the same id) and none is left out.
 */
export function createStreamSender(deps: SenderDeps) {
  const { streams, cursors, seals, webhook, metrics, log, clock } = deps;
  const busy = new Map<string, Promise<void>>();
  const stop = new AbortController();

  async function drain(stream: TenantStream): Promise<void> {
    let cursor = await cursors.get(stream.id);
    if (cursor.nextAttemptAt && cursor.nextAttemptAt > clock()) return;
    let sent = 0;
    for await (const batch of batchesBehind(seals, stream.tenantId, cursor, stream.batchSize)) {
      if (stop.signal.aborted || sent++ === batchesARound) return;
      if (batch.records > 0 && !(await deliver(stream, cursor, batch))) return;
      failpoint('stream.after-answer');
      if (!(await cursors.advance(cursor, batch.end, clock()))) return;
      cursor = { ...cursor, ...batch.end, failures: 0, failingSince: null };
    }
  }

  async function deliver(stream: TenantStream, cursor: StreamCursor, batch: Batch): Promise<boolean> {
    const id = `${stream.id}:${batch.first}-${batch.end.seq}`;
    const delivery = await webhook.send(stream, id, batch.lines, stop.signal);
    if (delivery.isDelivered) {
      metrics.records.labels('webhook').inc(batch.records);
      return true;
    }
    // An interrupted request says nothing of the receiver.
    if (!stop.signal.aborted) await noteFailure(stream, cursor, delivery);
    return false;
  }

  async function noteFailure(stream: TenantStream, cursor: StreamCursor, delivery: Delivery): Promise<void> {
    metrics.failures.labels('webhook').inc();
    const at = clock();
    const pause = pauseAfter(cursor.failures, delivery.retryAfter);
    const lastError = delivery.error ?? 'the receiver could not be asked';
    log.warn(
      { streamId: stream.id, failures: cursor.failures + 1, reason: lastError },
      'a stream is not taken',
    );
    await cursors.fail(cursor, { lastError, at, nextAttemptAt: new Date(at.getTime() + pause) });
    if (delivery.status === 410) await disable(stream);
  }

  /** Gone is gone (RFC 9110 section 15.5.11): asking again is of no use. It is a change of settings like any other. */
  async function disable({ id, tenantId }: TenantStream): Promise<void> {
    await streams.change(systemContext(tenantId), id, {}, (draft) => {
      draft.status = 'disabled';
    });
  }

  return {
    /** Begins with every stream that nobody is busy with. */
    async round(): Promise<void> {
      for (const stream of await streams.active()) {
        if (busy.has(stream.id) || stop.signal.aborted) continue;
        const done = drain(stream)
          .catch((error: unknown) => {
            log.warn({ err: error, streamId: stream.id }, 'a stream was interrupted; the next round goes on');
          })
          .finally(() => busy.delete(stream.id));
        busy.set(stream.id, done);
      }
    },
    /** Until nobody is busy. */
    settled: async (): Promise<void> => void (await Promise.all(busy.values())),
    async close(): Promise<void> {
      stop.abort();
      await Promise.all(busy.values());
    },
  };
}

/** Doubles with every failure, with chance in it so that receivers that came back are not asked by all at once. */
export function pauseAfter(failures: number, retryAfter: number, chance = Math.random()): number {
  const doubled = Math.min(longestPause, firstPause * 2 ** Math.min(failures, 20));
  return Math.max(doubled * (0.5 + chance / 2), Math.min(retryAfter, longestWish));
}

const name = 'audit streams';

function systemContext(tenantId: string): TenantContext {
  return {
    tenantId,
    subject: { userId: name, role: 'admin', teamId: null },
    actor: { type: 'system', id: 'audit-streams', name, role: null },
    context: {
      ip: null,
      userAgent: null,
      requestId: null,
      apiKeyId: null,
      operationId: null,
      source: 'audit',
      authority: systemAuthority('audit-streams'),
    },
  };
}
