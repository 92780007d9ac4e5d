/** Somebody who has a Google account. */
export interface GoogleAccount {
  /** Never changes, unlike the address. */
  sub: string;
  email: string;
  emailVerified: boolean;
  name: string;
}

/** A program that people let at their accounts. */
export interface GoogleClient {
  id: string;
  secret: string;
  redirectUris: string[];
}
