export { type EmulatorOptions, type GoogleEmulator, startGoogleEmulator } from './emulator.ts';
export type { GoogleAccount, GoogleClient } from './google-account.ts';
export type { IdTokenFault } from './oauth/id-tokens.ts';
