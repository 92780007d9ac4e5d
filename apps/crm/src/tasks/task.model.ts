import { type Task, taskItem } from '@pipedesk/contracts';
import {
  auditedIndexes,
  type AuditedRepository,
  createAuditedRepository,
  type Migration,
} from '@pipedesk/mongo';
import { bearerIndexes, bearerLink } from '../records/bearers.ts';
import type { StoreDeps } from '../records/store-deps.ts';

const collection = 'tasks';

export type TaskRepository = AuditedRepository<Task>;

export function createTaskRepository(deps: StoreDeps): TaskRepository {
  return createAuditedRepository<Task>({
    ...deps,
    entityType: 'task',
    collection,
    linksOf: bearerLink,
    // The key of the task's timeline item, so that the live feed is one range over one index.
    derive: (task) => ({ _key: taskItem(task).key }),
    fields: {
      _key: String,
      title: { type: String, required: true },
      description: { type: String, default: null },
      dueAt: { type: String, default: null },
      priority: { type: String, required: true },
      status: { type: String, required: true },
      doneAt: { type: String, default: null },
      entityType: { type: String, default: null },
      entityId: { type: String, default: null },
      authorName: { type: String, required: true },
      ownerId: { type: String, default: null },
      teamId: { type: String, default: null },
    },
  });
}

export const taskMigrations: Migration[] = [
  {
    id: '2026-11-26-task-indexes',
    up: (db) =>
      db
        .collection(collection)
        .createIndexes([
          ...auditedIndexes,
          ...bearerIndexes,
          { key: { tenantId: 1, ownerId: 1, status: 1, _id: -1 }, name: 'tenant_owner_status' },
          { key: { tenantId: 1, status: 1, _id: -1 }, name: 'tenant_status' },
          { key: { tenantId: 1, status: 1, dueAt: 1 }, name: 'tenant_status_due' },
        ]),
  },
];
