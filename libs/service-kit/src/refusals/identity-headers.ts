import type { IncomingHttpHeaders } from 'node:http';

/** What identified callers before there were tokens. Nobody reads them; who sends them may believe that somebody does. */
const identityHeaders = ['x-user-role', 'x-user-id', 'x-tenant-id', 'x_user_role'];

/** True when a request claims an identity by header. */
export function claimsIdentity(headers: IncomingHttpHeaders): boolean {
  return identityHeaders.some((name) => headers[name] !== undefined);
}
