import { connectMongo } from '@pipedesk/mongo';
import { createKeySecret, createLogger, httpEnv, loadConfig } from '@pipedesk/service-kit';
import { given } from '@pipedesk/testing';
import { z } from 'zod';
import { startReplica } from './removal-replica.ts';
import type { Crash } from './removal-trail.ts';

const { failpoints, database, secret, tenantId, rules } = JSON.parse(given('PIPEDESK_CRASH')) as Crash;
loadConfig(z.object({ PIPEDESK_FAILPOINTS: httpEnv.PIPEDESK_FAILPOINTS }), {
  PIPEDESK_FAILPOINTS: failpoints,
});

const connection = await connectMongo({
  uri: given('MONGODB_URI'),
  database,
  log: createLogger('audit', 'silent'),
});
await startReplica({ connection, keySecret: createKeySecret(secret) }, tenantId, rules).finish();
await connection.close();
