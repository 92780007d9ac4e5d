import { type ChangeEvent, InvalidEvent, parseChangeEvent } from '@pipedesk/contracts';
import type { Message, Options } from 'amqplib';

const contentType = 'application/cloudevents+json';

/** The AMQP form of an event: CloudEvents structured JSON, persistent, `mandatory` so that a lost route is noticed. */
export function encodeEvent(event: ChangeEvent): { content: Buffer; options: Options.Publish } {
  const { requestId } = event.data.context;
  return {
    content: Buffer.from(JSON.stringify(event)),
    options: {
      messageId: event.id,
      type: event.type,
      contentType,
      appId: event.source,
      timestamp: Math.floor(Date.parse(event.time) / 1000),
      persistent: true,
      mandatory: true,
      ...(requestId === null ? {} : { correlationId: requestId }),
      headers: event.traceparent === undefined ? {} : { traceparent: event.traceparent },
    },
  };
}

/** @throws InvalidEvent when the message is not an event or its routing key names another type */
export function decodeEvent(message: Message): ChangeEvent {
  const event = parseChangeEvent(parseJson(message.content));
  const type: unknown = message.properties.type;
  if (typeof type === 'string' && type !== event.type) {
    throw new InvalidEvent(`the message says it is ${type}, its event ${event.type}`);
  }
  return event;
}

function parseJson(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    throw new InvalidEvent('the message is not JSON');
  }
}
