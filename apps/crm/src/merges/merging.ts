import type { Logger, Route } from '@pipedesk/service-kit';
import type { ContactRepository } from '../contacts/contact.model.ts';
import type { ContactService } from '../contacts/contact.service.ts';
import type { DealRepository } from '../deals/deal.model.ts';
import type { Worker } from '../jobs/worker.ts';
import type { NoteRepository } from '../notes/note.model.ts';
import type { TaskRepository } from '../tasks/task.model.ts';
import { createMoveReferences, dealReference, noteReference, taskReference } from './contact-references.ts';
import { contactMergeRoutes } from './merge.routes.ts';
import { createMergeRunner } from './merge.runner.ts';
import { createContactMergeService } from './merge.service.ts';
import type { MergeStore } from './merge.store.ts';
import { createMergeWorker } from './merge.worker.ts';

interface MergingDeps {
  contacts: ContactService;
  merges: MergeStore;
  repositories: {
    contacts: ContactRepository;
    notes: NoteRepository;
    deals: DealRepository;
    tasks: TaskRepository;
  };
  log: Logger;
}

/** Puts together what merging contacts is made of. */
export function createContactMerging(deps: MergingDeps): { routes: Route[]; runner: Worker } {
  const { contacts, merges, repositories, log } = deps;
  const carryOut = createMergeWorker({
    merges,
    contacts: repositories.contacts,
    references: {
      notes: createMoveReferences(repositories.notes, noteReference),
      deals: createMoveReferences(repositories.deals, dealReference),
      tasks: createMoveReferences(repositories.tasks, taskReference),
    },
  });
  const service = createContactMergeService({
    contacts,
    repository: repositories.contacts,
    merges,
    carryOut,
    log,
  });
  return { routes: contactMergeRoutes(service), runner: createMergeRunner({ merges, carryOut, log }) };
}
