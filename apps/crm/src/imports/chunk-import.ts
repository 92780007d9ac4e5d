import type { Import, RowReport } from '@pipedesk/contracts';
import type { TenantContext } from '@pipedesk/service-kit';
import type { CompanyRepository } from '../companies/company.model.ts';
import type { DealRepository } from '../deals/deal.model.ts';
import { newDeal } from '../deals/deal.service.ts';
import { companyFromRow } from './company-rows.ts';
import type { CsvRow } from './csv-rows.ts';
import { dealFromRow, type FindCompany } from './deal-rows.ts';
import { readRow, type RowReader, RowRejected } from './row-reader.ts';

interface ChunkDeps {
  companies: CompanyRepository;
  deals: DealRepository;
}

export interface ChunkResult {
  imported: number;
  reports: RowReport[];
}

interface Draft<Fields> {
  line: number;
  fields: Fields;
  idempotencyKey: string;
  /** What to look at in the record, if it comes to be one. */
  warnings: RowReport[];
}

type Target = Pick<Import, 'id' | 'type' | 'currency'>;

/** Imports chunks of rows. Repeating a chunk creates nothing twice: every row has its own idempotency key. */
export function createChunkImporter({ companies, deals }: ChunkDeps) {
  return (context: TenantContext, target: Target, rows: CsvRow[]): Promise<ChunkResult> =>
    target.type === 'deals' ? importDeals(context, target, rows) : importCompanies(context, target, rows);

  async function importDeals(context: TenantContext, target: Target, rows: CsvRow[]): Promise<ChunkResult> {
    const findCompany = rememberCompanies(context);
    const { drafts, reports } = await draftsOf(target, rows, (row) =>
      dealFromRow(row, target.currency, findCompany),
    );
    const { fresh, doubles } = await withoutDoubles(context, deals, 'externalId', drafts);
    const owner = ownerOf(context);
    const written = await deals.createMany(
      context,
      fresh.map((draft) => ({ ...draft, fields: { ...newDeal(draft.fields), ...owner } })),
    );
    // Whatever was not written is there by now: from an earlier try of this chunk, or from somebody else, just now.
    const late =
      written.length < fresh.length
        ? await withoutDoubles(context, deals, 'externalId', fresh)
        : { fresh, doubles: [] };
    const warnings = late.fresh.flatMap((draft) => draft.warnings);
    return { imported: late.fresh.length, reports: [...reports, ...doubles, ...late.doubles, ...warnings] };
  }

  async function importCompanies(
    context: TenantContext,
    target: Target,
    rows: CsvRow[],
  ): Promise<ChunkResult> {
    const { drafts, reports } = await draftsOf(target, rows, companyFromRow);
    const { fresh, doubles } = await withoutDoubles(context, companies, 'name', drafts);
    const owner = ownerOf(context);
    await companies.createMany(
      context,
      fresh.map((draft) => ({ ...draft, fields: { ...draft.fields, ...owner } })),
    );
    const warnings = fresh.flatMap((draft) => draft.warnings);
    return { imported: fresh.length, reports: [...reports, ...doubles, ...warnings] };
  }

  /** One look-up a name and chunk, however many rows name it. */
  function rememberCompanies(context: TenantContext): FindCompany {
    const known = new Map<string, Promise<string | null>>();
    return (name) => {
      const found =
        known.get(name) ?? companies.find(context, { name }).then((company) => company?.id ?? null);
      known.set(name, found);
      return found;
    };
  }
}

function ownerOf(context: TenantContext) {
  return { ownerId: context.subject.userId, teamId: context.subject.teamId };
}

async function draftsOf<Fields>(
  target: Target,
  rows: CsvRow[],
  fieldsOf: (row: RowReader) => Fields | Promise<Fields>,
) {
  const drafts: Draft<Fields>[] = [];
  const reports: RowReport[] = [];
  for (const row of rows) {
    const { line, problem } = row;
    const reader = readRow(row);
    try {
      if (problem !== undefined) throw new RowRejected(problem);
      const idempotencyKey = `import:${target.id}:${line}`;
      drafts.push({ line, fields: await fieldsOf(reader), idempotencyKey, warnings: reader.warnings });
    } catch (error) {
      if (!(error instanceof RowRejected)) throw error;
      reports.push({ line, severity: 'error', reason: error.message });
    }
  }
  return { drafts, reports };
}

interface Unique {
  keysOf(context: TenantContext, field: string, values: string[]): Promise<Map<string, string | null>>;
}

/**
 * Leaves out rows whose identifying value the tenant has already, or an earlier row of the chunk. A value that this very
 * row has created before (the chunk is worked on again after a crash) is no double.
 */
async function withoutDoubles<Field extends string, Fields extends Partial<Record<Field, string | null>>>(
  context: TenantContext,
  repository: Unique,
  field: Field,
  drafts: Draft<Fields>[],
) {
  const valueOf = (draft: Draft<Fields>) => draft.fields[field] ?? null;
  const taken = await repository.keysOf(
    context,
    field,
    drafts.map(valueOf).filter((value) => value !== null),
  );
  const fresh: Draft<Fields>[] = [];
  const doubles: RowReport[] = [];
  for (const draft of drafts) {
    const value = valueOf(draft);
    const isDouble = value !== null && taken.has(value) && taken.get(value) !== draft.idempotencyKey;
    if (isDouble)
      doubles.push({
        line: draft.line,
        severity: 'error',
        reason: `${field} ${JSON.stringify(value)} exists already`,
      });
    else fresh.push(draft);
    if (value !== null && !isDouble) taken.set(value, draft.idempotencyKey);
  }
  return { fresh, doubles };
}
