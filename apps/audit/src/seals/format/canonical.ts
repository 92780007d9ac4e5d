import { hash } from 'node:crypto';
import serialize from 'canonicalize';

/**
 * The canonical JSON of a value (RFC 8785): one text however its members are ordered. Dates become ISO 8601 texts.
 * @throws Error for what JSON cannot say: NaN, infinities, lone surrogates
 */
export function canonical(value: unknown): string {
  return serialize(value) ?? 'null';
}

/** SHA-256 over the UTF-8 of a text, in hex. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}
