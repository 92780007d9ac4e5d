import type { Migration } from '@pipedesk/mongo';
import { calendarEventMigrations } from './events/calendar-event.model.ts';

export const migrations: Migration[] = [...calendarEventMigrations];
