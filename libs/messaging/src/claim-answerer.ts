import { type AuditGap, type VersionClaim, versionClaimSchema } from '@pipedesk/contracts';
import type { Logger } from '@pipedesk/service-kit';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { type Drop, superviseConnection, type SupervisedConnection } from './connection.ts';
import { claimsQueue, declareTopology } from './topology.ts';

interface AnswererOptions {
  url: string;
  log: Logger;
  findGaps: (claim: VersionClaim) => Promise<AuditGap[]>;
}

/** Answers, one after another, which of the claimed versions are not stored. A question without answer is asked again later. */
export function answerClaims({ url, log, findGaps }: AnswererOptions): SupervisedConnection {
  async function answer(channel: Channel, { content, properties }: ConsumeMessage): Promise<void> {
    try {
      const claim = versionClaimSchema.parse(JSON.parse(content.toString('utf8')));
      const gaps = Buffer.from(JSON.stringify({ gaps: await findGaps(claim) }));
      channel.publish('', String(properties.replyTo), gaps, {
        correlationId: String(properties.correlationId),
      });
    } catch (error) {
      log.warn({ err: error }, 'a claim of versions cannot be answered');
    }
  }

  async function setup(model: ChannelModel, drop: Drop): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', (error) => {
      drop(`claims channel: ${error.message}`);
    });
    channel.on('close', () => {
      drop('claims channel closed');
    });
    await declareTopology(channel);
    await channel.prefetch(1);
    await channel.consume(claimsQueue, (message) => {
      if (message === null) drop('the broker cancelled the claims consumer');
      else
        void answer(channel, message).then(() => {
          channel.ack(message);
        });
    });
  }

  return superviseConnection({ url, name: claimsQueue, log, setup });
}
