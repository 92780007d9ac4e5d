import { z } from 'zod';
import { idSchema, timeInputSchema, timeSchema } from '../ids.ts';
import { lineSchema, proseSchema } from '../text.ts';
import { timelineTypeSchema } from '../timeline/item.ts';
import { pageOf, pageQuery } from './paging.ts';
import { ownedFields, patchOf, recordFields } from './record.ts';

export const taskPrioritySchema = z.enum(['low', 'normal', 'high']);
export const taskStatusSchema = z.enum(['open', 'done']);

const fields = {
  title: lineSchema(200),
  description: proseSchema(20_000).nullable(),
  dueAt: timeInputSchema.nullable(),
  priority: taskPrioritySchema,
  status: taskStatusSchema,
  /** The record a task is about; both are null when it is about none. */
  entityType: timelineTypeSchema.nullable(),
  entityId: idSchema.nullable(),
};

export const taskSchema = z.object({
  ...recordFields,
  ...fields,
  dueAt: timeSchema.nullable(),
  /** When it was last done; null while it is open. */
  doneAt: timeSchema.nullable(),
  authorName: z.string(),
  ...ownedFields,
});
export type Task = z.infer<typeof taskSchema>;

interface About {
  entityType?: Task['entityType'] | undefined;
  entityId?: string | null | undefined;
}

/** A type without an id names no record, nor does an id without a type. */
function isWhole({ entityType, entityId }: About): boolean {
  return (
    (entityType === undefined) === (entityId === undefined) && (entityType === null) === (entityId === null)
  );
}
const whole = { path: ['entityId'], error: 'goes together with entityType' };

export const createTaskBody = z
  .strictObject({
    title: fields.title,
    description: fields.description.default(null),
    dueAt: fields.dueAt.default(null),
    priority: fields.priority.default('normal'),
    status: fields.status.default('open'),
    entityType: fields.entityType.default(null),
    entityId: fields.entityId.default(null),
  })
  .refine(isWhole, whole);
export type NewTask = z.infer<typeof createTaskBody>;

export const changeTaskBody = patchOf(z.strictObject(fields)).refine(isWhole, whole);
export type TaskPatch = z.infer<typeof changeTaskBody>;

/** With a record, its tasks, whoever owns them; without, those of the caller's scope. */
export const taskListQuery = z
  .strictObject({
    ...pageQuery,
    status: taskStatusSchema.optional(),
    ownerId: idSchema.optional(),
    /** Tasks that are due earlier than this; those without a time are not among them. */
    dueBefore: timeInputSchema.optional(),
    entityType: timelineTypeSchema.optional(),
    entityId: idSchema.optional(),
  })
  .refine(isWhole, whole);
export const taskPage = pageOf(taskSchema);
export type TaskListQuery = z.infer<typeof taskListQuery>;
