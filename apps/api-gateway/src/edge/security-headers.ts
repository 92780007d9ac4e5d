import { setSecurityHeaders } from '@pipedesk/service-kit';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** What every service sets, flat: name, value, name, value. Asked once: it is the same for every answer. */
export const securityHeaders: readonly string[] = collect();

/** What the gateway decides for every answer, in lower case; a service's own value is dropped. */
export const securityHeaderNames: readonly string[] = securityHeaders
  .filter((_, index) => index % 2 === 0)
  .map((name) => name.toLowerCase());

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
