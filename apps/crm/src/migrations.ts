import type { Migration } from '@pipedesk/mongo';
import { bulkEditMigrations } from './bulk/bulk-edits.ts';
import { companyMigrations } from './companies/company.model.ts';
import { contactMigrations } from './contacts/contact.model.ts';
import { conversionMigrations } from './conversions/conversion.claims.ts';
import { dealMigrations } from './deals/deal.model.ts';
import { importMigrations } from './imports/import.model.ts';
import { leadMigrations } from './leads/lead.model.ts';
import { mergeMigrations } from './merges/merge.store.ts';
import { noteMigrations } from './notes/note.model.ts';
import { taskMigrations } from './tasks/task.model.ts';

export const migrations: Migration[] = [
  ...companyMigrations,
  ...contactMigrations,
  ...leadMigrations,
  ...dealMigrations,
  ...mergeMigrations,
  ...noteMigrations,
  ...taskMigrations,
  ...importMigrations,
  ...bulkEditMigrations,
  ...conversionMigrations,
];
