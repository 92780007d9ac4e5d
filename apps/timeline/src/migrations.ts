import type { Migration } from '@pipedesk/mongo';
import { timelineItemMigrations } from './timeline/timeline-item.model.ts';

export const migrations: Migration[] = [...timelineItemMigrations];
