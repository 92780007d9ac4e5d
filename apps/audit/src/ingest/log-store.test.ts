import { expect, it } from '@jest/globals';
import { buildEvent } from '@pipedesk/testing';
import { mongo } from 'mongoose';
import type { AuditLog, AuditLogModels } from '../audit-logs/audit-log.model.ts';
import { createLogStore } from './log-store.ts';

/** What the driver throws when the connection is cut in the middle of a bulk insert: it names no write that failed. */
const cutOff = new mongo.MongoBulkWriteError(
  { message: 'connection 7 to 127.0.0.1 closed', code: 0, writeErrors: [] },
  { getWriteConcernError: () => undefined } as unknown as mongo.BulkWriteResult,
);

it('takes an insert that was cut off for failed, not for stored', async () => {
  const collection = { insertMany: () => Promise.reject(cutOff) };
  const store = createLogStore({ all: { collection } } as unknown as AuditLogModels);
  await expect(store.insert([{ _id: buildEvent().id } as AuditLog])).rejects.toBe(cutOff);
});
