import { type KeySecret, type Outbound, type OutboundAnswer, OutboundRefused } from '@pipedesk/service-kit';
import { createHmac, randomBytes } from 'node:crypto';
import type { TenantStream } from './stream.model.ts';

export interface Delivery {
  isDelivered: boolean;
  /** Of the answer; null when there was none. */
  status: number | null;
  error: string | null;
  /** ms that the receiver asked to be left alone. */
  retryAfter: number;
}

export type Webhook = ReturnType<typeof createWebhook>;

/** Sends as Standard Webhooks has it (standardwebhooks.com): id, time and HMAC-SHA256 in headers of these names. */
export function createWebhook(outbound: Outbound, keySecret: KeySecret, clock: () => Date) {
  return {
    newSecret: (): string => `whsec_${randomBytes(32).toString('base64')}`,
    sealSecret: (streamId: string, secret: string): string => keySecret.seal(secret, labelOf(streamId)),
    /** @param id the same for every repeat of a batch */
    async send(
      { id: streamId, url, sealedSecret }: Pick<TenantStream, 'id' | 'url' | 'sealedSecret'>,
      id: string,
      body: string,
      signal?: AbortSignal,
    ): Promise<Delivery> {
      const timestamp = String(Math.floor(clock().getTime() / 1000));
      try {
        const secret = keySecret.open(sealedSecret, labelOf(streamId));
        const answer = await outbound.send(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/x-ndjson',
            'user-agent': 'PipeDesk-Audit-Stream/1',
            'webhook-id': id,
            'webhook-timestamp': timestamp,
            'webhook-signature': signatureOf(secret, `${id}.${timestamp}.${body}`),
          },
          body,
          ...(signal && { signal }),
        });
        return judge(answer, clock());
      } catch (error) {
        return { isDelivered: false, status: null, error: reasonOf(error), retryAfter: 0 };
      }
    },
  };
}

const labelOf = (streamId: string) => `audit stream ${streamId}`;

/** The key is what the secret's base64 says. */
export function signatureOf(secret: string, text: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
}

function judge({ status, headers }: OutboundAnswer, now: Date): Delivery {
  const isDelivered = status >= 200 && status < 300;
  const error = isDelivered ? null : `the receiver answered ${status}`;
  return { isDelivered, status, error, retryAfter: retryAfterIn(headers['retry-after'], now) };
}

/** Seconds or a date (RFC 9110 section 10.2.3), in ms. */
function retryAfterIn(value: string | string[] | undefined, now: Date): number {
  if (typeof value !== 'string') return 0;
  const seconds = /^\d{1,6}$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now.getTime();
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}

/** Says why to whoever owns the stream, and nothing of the network that the service is in. */
function reasonOf(error: unknown): string {
  if (error instanceof OutboundRefused) return `refused: ${error.message}`;
  if (error instanceof Error && /Abort|Timeout/.test(error.name)) return 'the receiver took too long';
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string'
    ? `the receiver could not be reached (${code})`
    : 'the receiver could not be reached';
}
