import {
  type BackingServices,
  type BrokerControl,
  type DatabaseControl,
  createApiClient,
  type RunningServices,
  type ServiceName,
  startBackingServices,
  startServices,
} from '@pipedesk/local';
import { type Db, MongoClient } from 'mongodb';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signUp } from '../src/people.ts';
import { startTcpProxy, type TcpProxy } from '../src/tcp-proxy.ts';

/** Short, so that a frozen peer is noticed within a scenario's time; seconds. */
const heartbeat = 2;

/** auth, crm and audit on a broker and a database that nobody else uses, and everything that can be done to them. */
export interface ChaosStack {
  services: RunningServices;
  broker: BrokerControl;
  database: DatabaseControl;
  amqpUrl: string;
  /** Where the broker keeps its data. */
  brokerData: string;
  /** Between crm and the broker, and between audit and its database. */
  wires: { crmToBroker: TcpProxy; auditToDatabase: TcpProxy };
  crm: Db;
  audit: Db;
  /** Where audit writes every record for a SIEM. */
  streamFile: string;
  /** A tenant of its own, and the headers that speak for its admin. */
  signUp(): Promise<{ tenantId: string; authorization: string }>;
  /** Starts a service that has died, as its supervisor does: one that cannot begin, as for want of a busy database, again. */
  revive(service: ServiceName): Promise<void>;
  /** A second crm on the same database and broker. */
  startSecondCrm(): Promise<{ url: string; kill(): Promise<void>; stop(): Promise<void> }>;
  /** Copies what services and backing services have logged so far to where it outlives the stack. @returns that folder */
  keepLogs(name: string): string;
  stop(): Promise<void>;
}

let stacks = 0;

/** Several may run side by side. */
export async function startChaosStack(progress: (line: string) => void): Promise<ChaosStack> {
  const backing = await startBackingServices({
    instance: `chaos-${process.pid}-${++stacks}`,
    ephemeral: true,
    ports: 'free',
    dedicated: true,
    progress,
  });
  const folder = mkdtempSync(join(tmpdir(), 'pipedesk-chaos-'));
  const cleanUp: (() => Promise<unknown>)[] = [() => backing.stop()];
  const stop = async () => {
    for (const step of cleanUp.reverse()) await step();
    rmSync(folder, { recursive: true, force: true });
  };
  const keepLogs = (name: string) => {
    const kept = mkdtempSync(join(tmpdir(), `pipedesk-chaos-logs-${name.replaceAll(/\W+/g, '-')}-`));
    cpSync(folder, join(kept, 'services'), { recursive: true });
    if (backing.logFolder) cpSync(backing.logFolder, join(kept, 'backing'), { recursive: true });
    return kept;
  };
  try {
    return { ...(await assemble(backing, folder, cleanUp)), keepLogs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(
  backing: BackingServices,
  folder: string,
  cleanUp: (() => Promise<unknown>)[],
): Promise<Omit<ChaosStack, 'keepLogs' | 'stop'>> {
  const { broker, database, logFolder } = backing;
  if (!broker || !database || !logFolder)
    throw new Error('Chaos needs a broker and a database that it may hurt.');
  const amqp = new URL(`${backing.amqpUrl}?heartbeat=${heartbeat}`);
  const mongo = new URL(backing.mongodbUri);
  const crmToBroker = await startTcpProxy({ host: amqp.hostname, port: Number(amqp.port) });
  const auditToDatabase = await startTcpProxy({ host: mongo.hostname, port: Number(mongo.port) });
  cleanUp.push(crmToBroker.close, auditToDatabase.close);
  const streamFile = join(folder, 'siem.jsonl');
  const options = {
    backing: { mongodbUri: mongo.href, amqpUrl: amqp.href },
    ports: 'free' as const,
    databasePrefix: 'chaos',
    env: {
      crm: { AMQP_URL: withPort(amqp, crmToBroker.port) },
      audit: { MONGODB_URI: withPort(mongo, auditToDatabase.port), AUDIT_STREAM_FILE: streamFile },
    },
  };
  const services = await startServices({ ...options, folder, only: ['auth', 'crm', 'audit'] });
  cleanUp.push(() => services.stop());
  const client = await new MongoClient(backing.mongodbUri).connect();
  cleanUp.push(() => client.close());
  return {
    services,
    broker,
    database,
    amqpUrl: backing.amqpUrl,
    brokerData: join(dirname(logFolder), 'rabbitmq', 'data'),
    wires: { crmToBroker, auditToDatabase },
    crm: client.db('chaos_crm'),
    audit: client.db('chaos_audit'),
    streamFile,
    signUp: async () => {
      const { user, authorization } = await signUpAt(services.urls.auth);
      return { tenantId: user.tenantId, authorization };
    },
    revive: (service) => revive(services, service),
    startSecondCrm: async () => {
      const { urls, kill, stop } = await startServices({
        ...options,
        folder: join(folder, 'second'),
        only: ['crm'],
        env: { crm: { AUTH_JWKS_URL: `${services.urls.auth}/.well-known/jwks.json` } },
      });
      cleanUp.push(() => stop());
      return { url: urls.crm, kill: () => kill('crm'), stop: () => stop() };
    },
  };
}

const starts = 5;

async function revive(services: RunningServices, service: ServiceName): Promise<void> {
  for (let start = 1; ; start++) {
    try {
      return await services.start(service);
    } catch (error) {
      if (start === starts) throw error;
      await services.kill(service);
      await sleep(1_000);
    }
  }
}

function withPort(url: URL, port: number): string {
  const other = new URL(url);
  other.hostname = '127.0.0.1';
  other.port = String(port);
  return other.href;
}

async function signUpAt(url: string) {
  let authorization = '';
  const base = createApiClient(url);
  const person = await signUp({
    ...base,
    as: (token) => {
      authorization = `Bearer ${token}`;
      return base.as(token);
    },
  });
  return { ...person, authorization };
}
