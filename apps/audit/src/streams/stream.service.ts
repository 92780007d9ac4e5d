import type { AuditStream, AuditStreamTest, CreateAuditStream, PatchAuditStream } from '@pipedesk/contracts';
import { tenantOf } from '@pipedesk/mongo';
import {
  conflict,
  type Outbound,
  OutboundRefused,
  type TenantContext,
  unprocessable,
} from '@pipedesk/service-kit';
import { v7 as uuidv7 } from 'uuid';
import type { SealStore } from '../seals/seal.store.ts';
import { ocsfVersion } from './ocsf.ts';
import { chainStart, type StreamCursors } from './stream-cursors.ts';
import type { StoredStream, StreamRepository } from './stream.model.ts';
import type { Webhook } from './webhook.ts';

interface StreamServiceDeps {
  streams: StreamRepository;
  cursors: StreamCursors;
  seals: Pick<SealStore, 'head'>;
  webhook: Webhook;
  outbound: Outbound;
  clock: () => Date;
}

const mostStreams = 10;

export type StreamService = ReturnType<typeof createStreamService>;

export function createStreamService(deps: StreamServiceDeps) {
  const { streams, cursors, seals, webhook, outbound, clock } = deps;

  /** @throws ProblemError 422 for an address that could never be asked */
  function requireReachable(url: string): void {
    try {
      outbound.check(url);
    } catch (error) {
      if (!(error instanceof OutboundRefused)) throw error;
      throw unprocessable('stream_url_refused', {
        detail: `The url ${error.message}.`,
        errors: [{ in: 'body', path: 'url', message: error.message }],
      });
    }
  }

  async function withState(context: TenantContext, stream: StoredStream): Promise<AuditStream> {
    const [cursor, head] = await Promise.all([cursors.get(stream.id), seals.head(tenantOf(context))]);
    const { id, version, createdAt, updatedAt, name, url, batchSize, status } = stream;
    const { seq, failures, lastError, lastSuccessAt, failingSince, nextAttemptAt } = cursor;
    const state = {
      seq,
      lag: Math.max(0, (head?.lastSeq ?? 0) - seq),
      failures,
      lastError,
      lastSuccessAt: lastSuccessAt?.toISOString() ?? null,
      failingSince: failingSince?.toISOString() ?? null,
      nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
    };
    return { id, version, createdAt, updatedAt, name, url, batchSize, status, state };
  }

  const allOf = async (context: TenantContext) =>
    (await streams.list(context, { filter: {}, limit: mostStreams })).items;

  return {
    /** @throws ProblemError 409 when the tenant has its ten, 422 for an address that is refused */
    async create(
      context: TenantContext,
      { startAt, ...settings }: CreateAuditStream,
      idempotencyKey: string | undefined,
    ): Promise<AuditStream> {
      requireReachable(settings.url);
      if ((await allOf(context)).length >= mostStreams)
        throw conflict('too_many_streams', { detail: `A tenant has ${mostStreams} streams at most.` });
      const head = await seals.head(tenantOf(context));
      const id = uuidv7();
      const secret = webhook.newSecret();
      const place = startAt === 'now' && head ? { segment: head.segment, seq: head.lastSeq } : chainStart;
      // First the cursor: a stream without one would begin at the first record.
      await cursors.begin(id, place);
      const { record, replayed } = await streams.create(
        context,
        { ...settings, status: 'active', sealedSecret: webhook.sealSecret(id, secret) },
        { id, idempotencyKey, request: { startAt, ...settings } },
      );
      if (replayed) await cursors.remove(id);
      return { ...(await withState(context, record)), ...(!replayed && { secret }) };
    },

    list: async (context: TenantContext): Promise<{ items: AuditStream[] }> => ({
      items: await Promise.all((await allOf(context)).map((stream) => withState(context, stream))),
    }),

    get: async (context: TenantContext, id: string): Promise<AuditStream> =>
      withState(context, await streams.get(context, id)),

    /** @throws ProblemError 404, 412, 422 for an address that is refused */
    async change(
      context: TenantContext,
      id: string,
      { rotateSecret, ...patch }: PatchAuditStream,
      expectedVersion: number | undefined,
    ): Promise<AuditStream> {
      if (patch.url !== undefined) requireReachable(patch.url);
      const secret = rotateSecret ? webhook.newSecret() : undefined;
      const stream = await streams.change(context, id, { expectedVersion }, (draft) => {
        Object.assign(draft, patch);
        if (secret !== undefined) draft.sealedSecret = webhook.sealSecret(id, secret);
      });
      await cursors.hurry(id);
      return { ...(await withState(context, stream)), ...(secret !== undefined && { secret }) };
    },

    /** @throws ProblemError 404, 412 */
    async remove(context: TenantContext, id: string, expectedVersion: number | undefined): Promise<void> {
      await streams.remove(context, id, { expectedVersion });
      await cursors.remove(id);
    },

    /** Sends one event that is marked as a test, whatever the state of the stream. @throws ProblemError 404 */
    async test(context: TenantContext, id: string): Promise<AuditStreamTest> {
      const stream = await streams.get(context, id);
      const testId = uuidv7();
      const body = `${JSON.stringify(testEvent(context, stream, testId, clock()))}\n`;
      const { isDelivered, status, error } = await webhook.send(stream, `${id}:test:${testId}`, body);
      return { delivered: isDelivered, status, error };
    },
  };
}

function testEvent(context: TenantContext, { id, name }: StoredStream, uid: string, now: Date) {
  return {
    activity_id: 2,
    activity_name: 'Read',
    category_uid: 3,
    class_uid: 3004,
    type_uid: 300402,
    severity_id: 1,
    time: now.getTime(),
    message: 'A test of this stream: nothing has happened.',
    metadata: {
      version: ocsfVersion,
      uid,
      tenant_uid: tenantOf(context),
      product: { name: 'PipeDesk', vendor_name: 'PipeDesk', feature: { name: 'audit' } },
    },
    actor: { user: { uid: context.actor.id, name: context.actor.name } },
    entity: { uid: id, type_id: 99, type: 'audit_stream', name },
    unmapped: { test: true },
  };
}
