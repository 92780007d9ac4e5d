import { serialize } from 'bson';
import { MAX_MESSAGE_BYTES } from '../wire/frames.ts';
import type { Handler } from './command.ts';

/** MongoDB 7.0; one more would promise the bulkWrite command. */
const MAX_WIRE_VERSION = 21;
const REPLICA_SET = 'rs0';
const VERSION = [7, 0, 0, 0];

const reply = (document: Record<string, unknown>): Buffer => Buffer.from(serialize({ ...document, ok: 1 }));

/**
 * The gateway presents itself as the primary of a one-node replica set, because drivers retry writes and run transactions only
 * there. It gives no `topologyVersion`: drivers then poll instead of holding a monitoring request open.
 */
const hello: Handler = ({ request, services, connectionId }) =>
  reply({
    helloOk: true,
    [request.name === 'hello' ? 'isWritablePrimary' : 'ismaster']: true,
    secondary: false,
    setName: REPLICA_SET,
    setVersion: 1,
    hosts: [services.address],
    primary: services.address,
    me: services.address,
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    connectionId,
    minWireVersion: 0,
    maxWireVersion: MAX_WIRE_VERSION,
    readOnly: false,
  });

const ok: Handler = () => reply({});

/** Commands answered without PostgreSQL. */
export const handshakeCommands: Record<string, Handler> = {
  hello,
  ismaster: hello,
  isMaster: hello,
  ping: ok,
  buildInfo: () =>
    reply({
      version: VERSION.slice(0, 3).join('.'),
      versionArray: VERSION,
      gitVersion: 'documentdb',
      modules: ['documentdb-gateway'],
      bits: 64,
      debug: false,
      maxBsonObjectSize: 16_777_216,
    }),
  getParameter: () => reply({ featureCompatibilityVersion: { version: '7.0' } }),
  getCmdLineOpts: () => reply({ argv: [], parsed: {} }),
  getLog: () => reply({ totalLinesWritten: 0, log: [] }),
  whatsmyuri: () => reply({ you: '127.0.0.1' }),
  connectionStatus: () => reply({ authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] } }),
  hostInfo: () => reply({ system: { currentTime: new Date() } }),
  getFreeMonitoringStatus: ok,
  startSession: ok,
  refreshSessions: ok,
  replSetGetStatus: ({ services }) =>
    reply({
      set: REPLICA_SET,
      myState: 1,
      members: [{ _id: 0, name: services.address, health: 1, state: 1, stateStr: 'PRIMARY', self: true }],
    }),
};
