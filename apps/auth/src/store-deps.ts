import type { Connection, Outbox } from '@pipedesk/mongo';

/** What every repository of this service is built on. */
export interface StoreDeps {
  connection: Connection;
  outbox: Outbox;
}
