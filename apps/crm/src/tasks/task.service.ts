import type { NewTask, Page, Task, TaskListQuery, TaskPatch } from '@pipedesk/contracts';
import { authorize, type TenantContext } from '@pipedesk/service-kit';
import { bearerOf, type Bearers, createNewestOn } from '../records/bearers.ts';
import { isProblem } from '../records/is-problem.ts';
import { createOwnedRecords, given, type WriteOptions } from '../records/owned-records.ts';
import type { TaskRepository } from './task.model.ts';

export type TaskService = ReturnType<typeof createTaskService>;

interface TaskDeps {
  tasks: TaskRepository;
  bearers: Bearers;
  clock: () => Date;
}

export function createTaskService({ tasks, bearers, clock }: TaskDeps) {
  const records = createOwnedRecords(tasks, 'tasks');

  /** By scope, or else as a part of the record that it is about, on whose timeline it stands. */
  async function get(context: TenantContext, id: string): Promise<Task> {
    const task = await tasks.get(context, id);
    try {
      authorize(context, 'tasks:read', task);
    } catch (refused) {
      const bearer = bearerOf(task);
      if (!bearer) throw refused;
      await bearers[bearer.entityType].get(context, bearer.entityId).catch((error: unknown) => {
        throw isProblem(error, 403, 404) ? refused : error;
      });
    }
    return task;
  }

  async function requireBearer(context: TenantContext, fields: TaskPatch): Promise<void> {
    const bearer = bearerOf(fields);
    if (!bearer) return;
    await bearers[bearer.entityType].requireReference(
      context,
      bearer.entityType,
      bearer.entityId,
      'entityId',
    );
  }

  /** Doing a task again that is done does not change when it was. */
  function doneAtOf(status: Task['status'], doneAt: string | null): string | null {
    return status === 'done' ? (doneAt ?? clock().toISOString()) : null;
  }

  return {
    ...records,
    get,
    create: async (context: TenantContext, task: NewTask, key?: string): Promise<Task> => {
      await requireBearer(context, task);
      const doneAt = doneAtOf(task.status, null);
      return records.create(context, { ...task, doneAt, authorName: context.actor.name }, key);
    },
    list: async (
      context: TenantContext,
      { limit, cursor, dueBefore, ...query }: TaskListQuery,
    ): Promise<Page<Task>> => {
      const filter = given({ ...query, dueAt: dueBefore && { $lt: dueBefore } });
      const bearer = bearerOf(query);
      if (!bearer) return records.list(context, filter, { limit, cursor });
      await bearers[bearer.entityType].get(context, bearer.entityId);
      return tasks.list(context, { filter, limit, cursor });
    },
    newest: createNewestOn(bearers, (context, filter, page) => tasks.list(context, { filter, ...page })),
    change: async (
      context: TenantContext,
      id: string,
      options: WriteOptions,
      patch: TaskPatch,
    ): Promise<Task> => {
      await requireBearer(context, patch);
      return records.change(context, id, options, (task) => {
        Object.assign(task, patch);
        task.doneAt = doneAtOf(task.status, task.doneAt);
      });
    },
  };
}
