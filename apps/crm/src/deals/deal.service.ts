import type {
  Deal,
  DealListQuery,
  DealPatch,
  DealStage,
  NewDeal,
  Owned,
  Page,
  RestoredDeal,
  StageMove,
} from '@pipedesk/contracts';
import { authorize, type TenantContext } from '@pipedesk/service-kit';
import type { CompanyService } from '../companies/company.service.ts';
import type { ContactService } from '../contacts/contact.service.ts';
import { createOwnedRecords, type NewOwner, type WriteOptions } from '../records/owned-records.ts';
import type { DealRepository } from './deal.model.ts';
import { closesDeal, defaultPipeline, isClosed, probabilityAt } from './deal.policy.ts';

export type DealService = ReturnType<typeof createDealService>;

interface DealDeps {
  deals: DealRepository;
  companies: CompanyService;
  contacts: ContactService;
  clock: () => Date;
}

export function createDealService({ deals, companies, contacts, clock }: DealDeps) {
  const records = createOwnedRecords(deals, 'deals');

  /** The company and the people a deal names; people it has named before were looked up then. */
  async function requireReferences(
    context: TenantContext,
    { companyId, contactIds = [] }: Partial<Pick<Deal, 'companyId' | 'contactIds'>>,
    known: string[] = [],
  ): Promise<void> {
    await Promise.all([
      companyId && companies.requireReference(context, 'company', companyId, 'companyId'),
      ...contactIds.map(
        (id, index) =>
          known.includes(id) || contacts.requireReference(context, 'contact', id, `contactIds.${index}`),
      ),
    ]);
  }

  function change(
    context: TenantContext,
    id: string,
    options: WriteOptions,
    mutate: (deal: Deal) => void,
  ): Promise<Deal> {
    const needs = (deal: Deal) => (isClosed(deal) ? 'deals:edit_closed' : undefined);
    return records.change(context, id, { ...options, needs }, mutate);
  }

  return {
    ...records,
    requireBulkEditable: (context: TenantContext, deal: Owned): void => {
      authorize(context, 'deals:bulk_edit', deal);
    },
    create: async (context: TenantContext, fields: NewDeal, key?: string): Promise<Deal> => {
      await requireReferences(context, fields);
      const closedOn = fields.closedOn ?? dayOf(clock());
      return records.create(context, newDeal({ ...fields, closedOn }), key);
    },
    list: (
      context: TenantContext,
      { limit, cursor, contactId, ...filter }: DealListQuery,
    ): Promise<Page<Deal>> => records.list(context, { ...filter, contactIds: contactId }, { limit, cursor }),
    change: async (
      context: TenantContext,
      id: string,
      options: WriteOptions,
      patch: DealPatch,
    ): Promise<Deal> => {
      await requireReferences(
        context,
        patch,
        patch.contactIds && (await records.get(context, id)).contactIds,
      );
      return change(context, id, options, (deal) => Object.assign(deal, patch));
    },
    assign: (context: TenantContext, id: string, options: WriteOptions, owner: NewOwner): Promise<Deal> =>
      records.handOver(context, id, { ...options, by: 'deals:assign' }, owner),
    /** Moves a deal to a stage; won and lost close it, on today unless told, any other stage reopens it. */
    moveStage: (
      context: TenantContext,
      id: string,
      options: WriteOptions,
      { stage, closedOn }: StageMove,
    ): Promise<Deal> =>
      change(context, id, options, (deal) => {
        if (deal.stage === stage && closedOn === undefined) return;
        moveTo(deal, stage, closedOn ?? dayOf(clock()));
      }),
    /** Values of an earlier version; what follows from its stage is worked out anew. */
    restoreFields: async (
      context: TenantContext,
      id: string,
      options: WriteOptions,
      { stage, closedOn, ...fields }: RestoredDeal,
    ): Promise<Deal> => {
      await requireReferences(context, fields);
      return change(context, id, options, (deal) => {
        Object.assign(deal, fields);
        moveTo(deal, stage ?? deal.stage, closedOn ?? deal.closedOn ?? dayOf(clock()));
      });
    },
  };
}

/** Only closed deals have a day of closing. */
function moveTo(deal: Deal, stage: DealStage, closedOn: string): void {
  deal.stage = stage;
  deal.probability = probabilityAt(stage);
  deal.closedOn = closesDeal(stage) ? closedOn : null;
}

/** A new deal with what follows from its stage; one that is open has no day of closing. */
export function newDeal(fields: NewDeal) {
  const { stage, closedOn } = fields;
  return {
    ...fields,
    pipeline: defaultPipeline,
    probability: probabilityAt(stage),
    closedOn: closesDeal(stage) ? closedOn : null,
  };
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}
