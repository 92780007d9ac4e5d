import { type ConfirmChannel, connect, type ConsumeMessage } from 'amqplib';
import { reasonHeader } from './dead-letters.ts';
import { type ConsumerQueue, deadLetterQueueOf } from './topology.ts';

/** A message among the dead letters, as far as it can be read. */
export interface DeadLetter {
  id: string;
  type: string;
  reason: string;
}

interface ReplayOptions {
  url: string;
  queue: ConsumerQueue;
  /** Only list: nothing moves. */
  dryRun?: boolean;
  /** Which to put back; all unless told. */
  matches?: (letter: DeadLetter) => boolean;
  onLetter?: (letter: DeadLetter) => void;
  /** Stops between two messages. */
  signal?: AbortSignal;
}

const quietFor = 2_000;

/**
 * Puts dead letters back into their queue. Each is confirmed there before it leaves the dead letters, so an interruption
 * repeats one at most, which the consumer drops. What comes back dead meanwhile is left for the next run.
 * @returns how many were looked at, and how many of them were put back (with `dryRun`, would be)
 */
export async function replayDeadLetters(options: ReplayOptions): Promise<{ seen: number; replayed: number }> {
  const { url, queue, dryRun = false, matches = () => true, onLetter, signal } = options;
  const model = await connect(url, { timeout: 5_000, noDelay: true });
  model.on('error', () => undefined);
  try {
    const channel = await model.createConfirmChannel();
    const dead = deadLetterQueueOf(queue);
    const { messageCount } = await channel.checkQueue(dead);
    const counts = { seen: 0, replayed: 0 };
    for await (const message of take(channel, dead, messageCount)) {
      if (signal?.aborted) break;
      const letter = describe(message);
      counts.seen++;
      if (!matches(letter)) continue;
      onLetter?.(letter);
      if (!dryRun) await putBack(channel, queue, message);
      counts.replayed++;
    }
    // Closing the channel first makes sure that the broker has taken the acknowledgements.
    await channel.close();
    return counts;
  } finally {
    // Whatever was not acknowledged returns to the dead letters with the connection.
    await model.close();
  }
}

/** So many messages, or fewer when somebody else takes some. */
async function* take(channel: ConfirmChannel, queue: string, count: number): AsyncGenerator<ConsumeMessage> {
  const taken: ConsumeMessage[] = [];
  let wake = () => undefined as void;
  await channel.consume(queue, (message) => {
    if (message) taken.push(message);
    wake();
  });
  for (let index = 0; index < count; index++) {
    if (taken.length <= index) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, quietFor).unref();
      });
    }
    const message = taken[index];
    if (!message) return;
    yield message;
  }
}

function describe({ properties, content }: ConsumeMessage): DeadLetter {
  const headers = properties.headers ?? {};
  const byBroker = headers['x-death'] ? 'delivered too often without an acknowledgement' : 'unknown';
  const id: unknown = properties.messageId;
  const type: unknown = properties.type;
  return {
    id: typeof id === 'string' ? id : content.subarray(0, 60).toString('utf8'),
    type: typeof type === 'string' ? type : '',
    reason: typeof headers[reasonHeader] === 'string' ? headers[reasonHeader] : byBroker,
  };
}

/** By the queue's own name: the exchange would hand it to the other consumers again, who are done with it. */
function putBack(channel: ConfirmChannel, queue: string, message: ConsumeMessage): Promise<void> {
  const { headers = {}, ...properties } = message.properties;
  const kept = Object.entries(headers).filter(
    ([name]) => !/^x-(pipedesk|death|first-|last-|delivery-)/.test(name),
  );
  const options = { ...properties, persistent: true, mandatory: true, headers: Object.fromEntries(kept) };
  return new Promise((resolve, reject) => {
    let isReturned = false;
    const returned = () => (isReturned = true);
    channel.once('return', returned);
    channel.publish('', queue, message.content, options, (error: unknown) => {
      channel.off('return', returned);
      if (isReturned) reject(new Error(`there is no queue ${queue}`));
      else if (error) reject(error instanceof Error ? error : new Error('the broker refused the message'));
      else {
        channel.ack(message);
        resolve();
      }
    });
  });
}
