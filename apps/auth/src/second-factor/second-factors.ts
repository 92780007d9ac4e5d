import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import type { CredentialOwner } from '../credentials/credential.model.ts';
import type { KeySecret } from '@pipedesk/service-kit';
import type { SecondFactorStore } from './second-factor.model.ts';

interface SecondFactorsOptions {
  store: SecondFactorStore;
  keySecret: KeySecret;
  /** 32 bytes in base64; recovery codes are hashed under a key derived from it. */
  secret: string;
  clock: () => Date;
}

export interface SecondFactors {
  /** A new secret, not asked for until it is confirmed; null when one is in use. */
  propose(owner: CredentialOwner, account: string): Promise<{ secret: string; uri: string } | null>;
  /** Recovery codes, once the app has shown a right code; null otherwise. */
  confirm(owner: CredentialOwner, code: string): Promise<string[] | null>;
  /** True for a code of the app or a recovery code; each works once. */
  isRight(owner: CredentialOwner, code: string): Promise<boolean>;
  renewRecoveryCodes(owner: CredentialOwner): Promise<string[]>;
  remove(owner: CredentialOwner): Promise<void>;
}

const recoveryCodeCount = 10;
/** Codes of the step before and after count too: clocks differ, and people type slowly (RFC 6238 section 5.2). */
const window = 1;

/** Time-based one-time passwords (RFC 6238) as every authenticator app makes them, with recovery codes. */
export function createSecondFactors({
  store,
  keySecret,
  secret,
  clock,
}: SecondFactorsOptions): SecondFactors {
  const key = Buffer.from(
    hkdfSync('sha256', Buffer.from(secret, 'base64'), '', 'pipedesk recovery codes', 32),
  );
  const hashOf = ({ userId }: CredentialOwner, code: string) =>
    createHmac('sha256', key).update(`${userId} ${code}`).digest('base64url');

  function newRecoveryCodes(owner: CredentialOwner) {
    const codes = Array.from({ length: recoveryCodeCount }, newRecoveryCode);
    return { codes: codes.map(readable), hashes: codes.map((code) => hashOf(owner, code)) };
  }

  /** The step a code is of, unless it is wrong or was used. */
  async function useCode(owner: CredentialOwner, sealedSecret: string, code: string): Promise<boolean> {
    const totp = totpOf(keySecret.open(sealedSecret, owner.userId));
    const timestamp = clock().getTime();
    const delta = totp.validate({ token: code, timestamp, window });
    return delta !== null && store.useStep(owner, totp.counter({ timestamp }) + delta);
  }

  return {
    propose: async (owner, account) => {
      const base32 = new Secret({ size: 20 }).base32;
      const isNew = await store.propose(owner, keySecret.seal(base32, owner.userId));
      return isNew ? { secret: base32, uri: totpOf(base32, account).toString() } : null;
    },
    confirm: async (owner, code) => {
      const factor = await store.find(owner);
      if (!factor || factor.confirmedAt || !(await useCode(owner, factor.sealedSecret, code))) return null;
      const { codes, hashes } = newRecoveryCodes(owner);
      await store.confirm(owner, clock(), hashes);
      return codes;
    },
    isRight: async (owner, code) => {
      const factor = await store.find(owner);
      if (!factor?.confirmedAt) return false;
      return /^\d{6}$/.test(code)
        ? useCode(owner, factor.sealedSecret, code)
        : store.useRecoveryCode(owner, hashOf(owner, code));
    },
    renewRecoveryCodes: async (owner) => {
      const { codes, hashes } = newRecoveryCodes(owner);
      await store.replaceRecoveryCodes(owner, hashes);
      return codes;
    },
    remove: store.remove,
  };
}

function totpOf(base32: string, account = ''): TOTP {
  return new TOTP({ issuer: 'PipeDesk', label: account, secret: Secret.fromBase32(base32) });
}

/** 80 random bits in the letters of base32: nobody mistakes a zero for an O. */
function newRecoveryCode(): string {
  return new Secret({ buffer: new Uint8Array(randomBytes(10)).buffer }).base32;
}

function readable(code: string): string {
  return code.match(/.{4}/g)?.join('-') ?? code;
}
