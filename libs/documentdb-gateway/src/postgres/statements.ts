import type { Statement } from './pool.ts';

const API = 'documentdb_api';
const INTERNAL = 'documentdb_api_internal';

const firstPage = (name: string): Statement => ({
  name: `gw_${name}`,
  text: `select cursorpage::bytea, continuation::bytea, cursorid::text from ${API}.${name}_cursor_first_page($1, $2)`,
});

/** The SQL behind each command. Every call takes and gives whole BSON documents. */
export const statements = {
  find: firstPage('find'),
  aggregate: firstPage('aggregate'),
  listCollections: firstPage('list_collections'),
  listIndexes: firstPage('list_indexes'),
  getMore: {
    name: 'gw_get_more',
    text: `select cursorpage::bytea, continuation::bytea from ${API}.cursor_get_more($1, $2, $3)`,
  },
  killCursors: { name: 'gw_kill_cursors', text: `select ${INTERNAL}.delete_cursors($1::bigint[])::bytea` },
  count: { name: 'gw_count', text: `select ${API}.count_query($1, $2)::bytea` },
  distinct: { name: 'gw_distinct', text: `select ${API}.distinct_query($1, $2)::bytea` },
  createIndexes: {
    name: 'gw_create_indexes',
    text: `select ${INTERNAL}.create_indexes_non_concurrently($1, $2, true)::bytea`,
  },
  dropIndexes: {
    name: 'gw_drop_indexes',
    text: `select ${INTERNAL}.drop_indexes_non_concurrently($1, $2)::bytea`,
  },
  create: { name: 'gw_create', text: `select ${API}.create_collection_view($1, $2)::bytea` },
  createCollection: { name: 'gw_create_collection', text: `select ${API}.create_collection($1, $2)` },
  drop: { name: 'gw_drop', text: `select ${API}.drop_collection($1, $2)` },
  dropDatabase: { name: 'gw_drop_database', text: `select ${API}.drop_database($1)` },
  collMod: { name: 'gw_coll_mod', text: `select ${API}.coll_mod($1, $2, $3)::bytea` },
  renameCollection: { name: 'gw_rename', text: `select ${API}.rename_collection($1)::bytea` },
  listDatabases: { name: 'gw_list_databases', text: `select ${API}.list_databases($1)::bytea` },
  collStats: { name: 'gw_coll_stats', text: `select ${API}.coll_stats($1, $2, $3)::bytea` },
  dbStats: { name: 'gw_db_stats', text: `select ${API}.db_stats($1, $2)::bytea` },
  validate: { name: 'gw_validate', text: `select ${API}.validate($1, $2)::bytea` },
  currentOp: { name: 'gw_current_op', text: `select ${API}.current_op_command($1)::bytea` },
  indexByName: {
    name: 'gw_index_by_name',
    text: `select (i.index_spec).index_name, (i.index_spec).index_key::bytea from documentdb_api_catalog.collection_indexes i
      join documentdb_api_catalog.collections c using (collection_id)
      where c.database_name = $1 and c.collection_name = $2 and (i.index_spec).index_name = $3`,
  },
  indexById: {
    name: 'gw_index_by_id',
    text: `select (index_spec).index_name, (index_spec).index_key::bytea from documentdb_api_catalog.collection_indexes
      where index_id = $1`,
  },
} satisfies Record<string, Statement>;

/**
 * The four writing calls. Parameters: database, command, and (but for findAndModify) an OP_MSG document sequence as it came.
 */
const writeCalls = {
  insert: { call: `${API}.insert($1, $2, $3)`, parameters: 3 },
  update: { call: `${API}.update($1, $2, $3)`, parameters: 3 },
  delete: { call: `${API}.delete($1, $2, $3)`, parameters: 3 },
  findAndModify: { call: `${API}.find_and_modify($1, $2)`, parameters: 2 },
};
export type WriteName = keyof typeof writeCalls;

/** Gives `(reply, success)`. */
export function writeStatement(name: WriteName): Statement {
  return { name: `gw_${name}`, text: `select p_result::bytea, p_success from ${writeCalls[name].call}` };
}

/**
 * The same write, carried out once for a session and its number, the two more parameters it takes. A repetition gets the first reply.
 */
export function writeOnceStatement(name: WriteName): Statement {
  const { parameters } = writeCalls[name];
  const documents = parameters === 3 ? '$3' : 'null';
  return {
    name: `gw_${name}_once`,
    text: `select reply, success from pipedesk_gateway.write_once('${name}', $1, $2, ${documents}, $${parameters + 1}, $${parameters + 2})`,
  };
}

/** What was recorded of retryable writes and commits. */
export const recordStatements = {
  find: { name: 'gw_recorded', text: 'select reply, success from pipedesk_gateway.recorded($1, $2)' },
  keep: { name: 'gw_record', text: 'select pipedesk_gateway.record($1, $2, $3, true)' },
  prune: {
    name: 'gw_prune_records',
    text: `delete from pipedesk_gateway.retryable_writes where written_at < now() - interval '30 minutes'`,
  },
} satisfies Record<string, Statement>;
