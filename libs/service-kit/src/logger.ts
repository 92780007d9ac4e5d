import { type DestinationStream, pino } from 'pino';
import { createLogOutput } from './log-output.ts';

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

/** One for all loggers of a process, or their lines would overtake each other. */
let output: DestinationStream | undefined;

/** JSON lines on stdout: `{level, time, service, msg, ...}`. */
export function createLogger(service: string, level: string) {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secrets, censor: '[redacted]' },
  };
  return pino(options, (output ??= createLogOutput()));
}
