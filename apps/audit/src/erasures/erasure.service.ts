import type { Erasure, ErasureRequest } from '@pipedesk/contracts';
import { tenantOf } from '@pipedesk/mongo';
import { notFound, type TenantContext, unprocessable } from '@pipedesk/service-kit';
import { createHmac } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { canonical } from '../seals/format/canonical.ts';
import { type ErasureStore, noProgress, type StoredErasure } from './erasure.store.ts';

interface ErasureServiceDeps {
  erasures: ErasureStore;
  /** Fingerprints of requests are keyed: a plain hash would tell whether a guessed address was in one. */
  fingerprintKey: Buffer;
  /** Begins right away instead of at the next round. */
  wake: () => void;
  clock: () => Date;
}

export type ErasureService = ReturnType<typeof createErasureService>;

export function createErasureService({ erasures, fingerprintKey, wake, clock }: ErasureServiceDeps) {
  function build(context: TenantContext, request: ErasureRequest): StoredErasure {
    const { reason, entity, texts } = request;
    const _id = uuidv7();
    const target = { entity, texts: texts.map((text) => text.toLowerCase()) };
    return {
      _id,
      tenantId: tenantOf(context),
      reason,
      entity: entity ?? null,
      texts: texts.length,
      target: erasures.sealTarget(_id, target),
      actor: context.actor,
      context: { ...context.context, operationId: _id },
      ...noProgress,
      createdAt: clock(),
      concludedAt: null,
      finishedAt: null,
      idempotency: null,
    };
  }

  return {
    /**
     * Accepts an erasure; it is carried out in the background. A repeat under the same key is the same erasure.
     * @throws ProblemError 422 when the key was used for another request
     */
    async request(
      context: TenantContext,
      request: ErasureRequest,
      key: string | undefined,
    ): Promise<Erasure> {
      const erasure = build(context, request);
      const fingerprint = createHmac('sha256', fingerprintKey).update(canonical(request)).digest('hex');
      const ownKey = `${context.actor.id}:${key ?? erasure._id}`;
      const isNew = await erasures.add({ ...erasure, idempotency: { key: ownKey, fingerprint } });
      if (isNew) {
        wake();
        return toErasure(erasure);
      }
      const earlier = await erasures.byKey(tenantOf(context), ownKey);
      if (earlier?.idempotency?.fingerprint === fingerprint) return toErasure(earlier);
      throw unprocessable('idempotency_key_reused', {
        detail: 'This Idempotency-Key was used with another body. Use a new key.',
      });
    },

    /** @throws ProblemError 404 for another tenant's erasure as well */
    async get(context: TenantContext, id: string): Promise<Erasure> {
      const erasure = await erasures.get(tenantOf(context), id);
      if (!erasure) throw notFound('erasure_not_found', { detail: 'There is no erasure with this id.' });
      return toErasure(erasure);
    },
  };
}

function toErasure(erasure: StoredErasure): Erasure {
  const { _id, reason, entity, texts, records, values, createdAt, finishedAt } = erasure;
  return {
    id: _id,
    status: finishedAt ? 'done' : 'running',
    reason,
    entity,
    texts,
    records,
    values,
    createdAt: createdAt.toISOString(),
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
