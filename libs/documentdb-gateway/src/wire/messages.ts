/** OP_MSG and the legacy handshake. https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/ */
import { HEADER_BYTES } from './frames.ts';
import { MalformedBson, readElements, readString, type RawElement } from './raw-bson.ts';

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const CHECKSUM_PRESENT = 1;
const MORE_TO_COME = 2;
/** Bits 0-15 must be understood by the receiver. */
const UNKNOWN_REQUIRED_FLAGS = 0xffff & ~(CHECKSUM_PRESENT | MORE_TO_COME);

/** One command as it came in; `body` and `sequences` are the client's own bytes. */
export interface Request {
  requestId: number;
  /** OP_QUERY is only spoken for the first handshake of older clients and wants an OP_REPLY. */
  legacy: boolean;
  /** False for fire-and-forget messages (`moreToCome`, unacknowledged writes). */
  wantsReply: boolean;
  name: string;
  db: string;
  body: Buffer;
  fields: Map<string, RawElement>;
  sequences: { id: string; documents: Buffer }[];
}

/**
 * Reads one message.
 * @throws MalformedBson when it is neither OP_MSG nor OP_QUERY or does not hold together; the connection cannot be used any further
 */
export function parseRequest(frame: Buffer): Request {
  const opCode = frame.readInt32LE(12);
  if (opCode === OP_MSG) return parseMsg(frame);
  if (opCode === OP_QUERY) return parseQuery(frame);
  throw new MalformedBson(`unknown opcode ${opCode}`);
}

function parseMsg(frame: Buffer): Request {
  const flags = frame.length >= 20 ? frame.readUInt32LE(HEADER_BYTES) : UNKNOWN_REQUIRED_FLAGS;
  if (flags & UNKNOWN_REQUIRED_FLAGS) throw new MalformedBson('unknown OP_MSG flags');
  const end = flags & CHECKSUM_PRESENT ? frame.length - 4 : frame.length;
  const sequences: Request['sequences'] = [];
  let body: Buffer | undefined;
  let at = 20;
  while (at < end) {
    const kind = frame[at];
    const section = sized(frame, at + 1, end);
    if (kind === 0) body = section;
    else if (kind === 1) sequences.push(parseSequence(section));
    else throw new MalformedBson(`unknown section kind ${kind ?? 'none'}`);
    at += 1 + section.length;
  }
  if (!body) throw new MalformedBson('OP_MSG without a body');
  return { ...describe(frame, body), legacy: false, wantsReply: !(flags & MORE_TO_COME), sequences };
}

function parseSequence(section: Buffer): { id: string; documents: Buffer } {
  const idEnd = section.indexOf(0, 4);
  if (idEnd < 0) throw new MalformedBson('unterminated sequence identifier');
  return { id: section.toString('utf8', 4, idEnd), documents: section.subarray(idEnd + 1) };
}

function parseQuery(frame: Buffer): Request {
  const nameEnd = frame.indexOf(0, 20);
  if (nameEnd < 0) throw new MalformedBson('unterminated collection name');
  const body = sized(frame, nameEnd + 9, frame.length);
  const db = frame.toString('utf8', 20, nameEnd).split('.')[0] ?? 'admin';
  const request = describe(frame, body);
  return { ...request, db: request.db || db, legacy: true, wantsReply: true, sequences: [] };
}

function sized(frame: Buffer, at: number, end: number): Buffer {
  const length = at + 4 <= end ? frame.readInt32LE(at) : -1;
  if (length < 5 || at + length > end) throw new MalformedBson('section exceeds its message');
  return frame.subarray(at, at + length);
}

function describe(
  frame: Buffer,
  body: Buffer,
): Pick<Request, 'requestId' | 'name' | 'db' | 'body' | 'fields'> {
  const elements = readElements(body);
  const fields = new Map(elements.map((element) => [element.name, element]));
  const db = fields.get('$db');
  return {
    requestId: frame.readInt32LE(4),
    name: elements[0]?.name ?? '',
    db: db?.type === 0x02 ? readString(body, db) : '',
    body,
    fields,
  };
}

/** The reply message carrying one BSON document. */
export function encodeReply(request: Pick<Request, 'requestId' | 'legacy'>, document: Buffer): Buffer[] {
  const head = Buffer.alloc(request.legacy ? 36 : 21);
  head.writeInt32LE(head.length + document.length, 0);
  head.writeInt32LE(request.requestId, 8);
  head.writeInt32LE(request.legacy ? OP_REPLY : OP_MSG, 12);
  if (request.legacy) head.writeInt32LE(1, 32);
  return [head, document];
}
