import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const ivLength = 12;
const tagLength = 16;

/** Encrypts what only holders of a service's key secret may read. */
export interface KeySecret {
  /** Tells which secret sealed something, without telling the secret. */
  id: string;
  /** @param label is bound to the text: under another label it does not open */
  seal(text: string, label: string): string;
  /** @throws Error when it was sealed by another secret, under another label, or changed since */
  open(sealed: string, label: string): string;
  /** 32 bytes for one purpose, such as a MAC key; they tell nothing of the secret nor of other purposes' bytes. */
  derive(purpose: string): Buffer;
}

/**
 * AES-256-GCM with a random nonce a text; sealed form: base64url of nonce, tag and ciphertext.
 * @param base64 32 bytes
 */
export function createKeySecret(base64: string): KeySecret {
  const key = Buffer.from(base64, 'base64');
  return {
    id: createHash('sha256').update('pipedesk key secret id').update(key).digest('base64url').slice(0, 16),
    seal: (text, label) => {
      const iv = randomBytes(ivLength);
      const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagLength });
      cipher.setAAD(Buffer.from(label));
      const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), ciphertext]).toString('base64url');
    },
    open: (sealed, label) => {
      const bytes = Buffer.from(sealed, 'base64url');
      const iv = bytes.subarray(0, ivLength);
      const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagLength });
      decipher.setAAD(Buffer.from(label));
      decipher.setAuthTag(bytes.subarray(ivLength, ivLength + tagLength));
      const text = Buffer.concat([decipher.update(bytes.subarray(ivLength + tagLength)), decipher.final()]);
      return text.toString('utf8');
    },
    derive: (purpose) => createHmac('sha256', key).update(`pipedesk key for ${purpose}`).digest(),
  };
}
