import helmet from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers of an API load nothing and are shown in no frame; helmet's own policy is made for pages. */
const apply = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
});

/** What helmet sets, flat: name, value, name, value. Asked once: it is the same for every answer. */
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
  apply({} as IncomingMessage, answer as unknown as ServerResponse, (error) => {
    if (error) throw error as Error;
  });
  return collected;
}
