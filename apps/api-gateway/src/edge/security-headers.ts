import { setSecurityHeaders } from '@pipedesk/service-kit';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What every service sets, flat: name, value, name, value. Asked once: it is the same for every answer. */
export const securityHeaders: readonly string[] = collect();

const names = new Set(
  securityHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()),
);

/** True for what the gateway decides for every answer; a service's own value is dropped. */
export function isSecurityHeader(name: string): boolean {
  return names.has(name);
}

function collect(): string[] {
  const collected: string[] = [];
  const answer = {
    setHeader: (name: string, value: string) => void collected.push(name, value),
    removeHeader: () => undefined,
  };
  setSecurityHeaders({} as IncomingMessage, answer as unknown as ServerResponse, (error) => {
    if (error) throw error as Error;
  });
  return collected;
}
