import { changeTaskBody, createTaskBody, taskListQuery, taskPage, taskSchema } from '@pipedesk/contracts';
import { recordRoutes } from '../records/record-routes.ts';
import type { TaskService } from './task.service.ts';

export const taskRoutes = (service: TaskService) =>
  recordRoutes({
    resource: 'tasks',
    event: 'crm.task',
    createBody: createTaskBody,
    changeBody: changeTaskBody,
    listQuery: taskListQuery,
    record: taskSchema,
    page: taskPage,
    service,
  });
