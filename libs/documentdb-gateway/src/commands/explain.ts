import { deserialize, serialize, type Document } from 'bson';
import { MongoError } from '../errors/mongo-error.ts';
import { readElements } from '../wire/raw-bson.ts';
import type { Handler } from './command.ts';

/** The engine's query forms of the commands that can be explained. */
const FORMS = new Map<string, string>([
  ['find', 'bson_aggregation_find'],
  ['aggregate', 'bson_aggregation_pipeline'],
  ['count', 'bson_aggregation_count'],
  ['distinct', 'bson_aggregation_distinct'],
]);

/**
 * `explain` of a read: PostgreSQL's plan as JSON inside MongoDB's outer shape. `queryPlanner` verbosity does not run the query.
 * @throws MongoError 115 for other commands
 */
export const explain: Handler = async ({ request, run }) => {
  const explained = request.fields.get('explain');
  if (explained?.type !== 0x03) throw new MongoError(9, 'explain needs a command document');
  const inner = request.body.subarray(explained.value, explained.end);
  const [command] = readElements(inner);
  const form = FORMS.get(command?.name ?? '');
  if (!form || !command)
    throw new MongoError(115, `explain of ${command?.name ?? 'nothing'} is not supported`);

  const { verbosity } = deserialize(request.body);
  const runs = verbosity !== 'queryPlanner';
  const text = `explain (format json${runs ? ', analyze' : ''}) select document from documentdb_api_catalog.${form}($1, $2)`;
  const [row] = await run({ name: `gw_explain_${command.name}_${runs}`, text }, [request.db, inner]);
  const [plan] = row?.[0] as [Document];
  const root = plan.Plan as Document;
  const name = String(deserialize(inner)[command.name]);
  return Buffer.from(
    serialize({
      explainVersion: '1',
      queryPlanner: {
        namespace: `${request.db}.${name}`,
        winningPlan: { stage: String(root['Node Type']), postgres: root },
      },
      ...(runs && {
        executionStats: {
          executionSuccess: true,
          nReturned: root['Actual Rows'] as number,
          executionTimeMillis: plan['Execution Time'] as number,
        },
      }),
      ok: 1,
    }),
  );
};
