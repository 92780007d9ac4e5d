import { randomUUID } from 'node:crypto';
import { MongoClient, type Db, type MongoClientOptions } from 'mongodb';
import { prepareEngine, startGateway, type Gateway, type GatewayOptions } from '../src/index.ts';
import { testPostgres } from './postgres-address.ts';

export interface GatewayFixture {
  gateway: Gateway;
  client: MongoClient;
  db: Db;
  applicationName: string;
  /** Another client of the same gateway, closed with the fixture. */
  connect(options?: MongoClientOptions): Promise<MongoClient>;
  close(): Promise<void>;
}

/** A gateway of the test's own with a connected client and a database nobody else uses, dropped by `close`. */
export async function startFixture(options: Partial<GatewayOptions> = {}): Promise<GatewayFixture> {
  const id = randomUUID().slice(0, 8);
  const applicationName = `gateway-test-${id}`;
  await prepareEngine(testPostgres());
  const gateway = await startGateway({ postgres: testPostgres(), poolSize: 8, applicationName, ...options });
  const clients: MongoClient[] = [];
  const connect = async (clientOptions?: MongoClientOptions) => {
    const client = await new MongoClient(gateway.uri, clientOptions).connect();
    clients.push(client);
    return client;
  };
  const client = await connect();
  const db = client.db(`gateway_test_${id}`);

  return {
    gateway,
    client,
    db,
    applicationName,
    connect,
    async close() {
      // First the clients, and with them what they hold: a drop would wait for it.
      await Promise.all(clients.map((one) => one.close()));
      const sweeper = await new MongoClient(gateway.uri).connect();
      await sweeper.db(db.databaseName).dropDatabase();
      await sweeper.close();
      await gateway.close();
    },
  };
}
