import { pino } from 'pino';

export type { Logger } from 'pino';

/** Header and body fields that must never reach a log. */
const secrets = [
  'authorization',
  'cookie',
  'password',
  'accessToken',
  'refreshToken',
  '*.password',
  '*.authorization',
];

/** JSON lines on stdout: `{level, time, service, msg, ...}`. */
export function createLogger(service: string, level: string) {
  return pino({
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: secrets, censor: '[redacted]' },
  });
}
