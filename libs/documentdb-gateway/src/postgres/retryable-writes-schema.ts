/**
 * At-most-once writes. One row a session holds the reply to its latest retryable write or commit, written in the same transaction as
 * the write itself. A driver, or the gateway, that lost the reply sends the same number again and gets the first reply instead of a
 * second effect.
 *
 * Every function first takes the session's lock, held to the end of the transaction: a repetition thus waits for a first attempt
 * that PostgreSQL still works on although its client is gone. They are separate statements in a volatile function, because each
 * then sees what was committed while it waited.
 */
export const RETRYABLE_WRITES_SCHEMA = `
  create schema if not exists pipedesk_gateway;

  create table if not exists pipedesk_gateway.retryable_writes (
    session bytea primary key,
    txn_number bigint not null,
    reply bytea not null,
    success boolean not null,
    written_at timestamptz not null default now()
  ) with (fillfactor = 50);

  create or replace function pipedesk_gateway.recorded(p_session bytea, p_number bigint, out reply bytea, out success boolean)
  language plpgsql as $$
  begin
    perform pg_advisory_xact_lock(hashtextextended(encode(p_session, 'hex'), 0));
    select w.reply, w.success into reply, success from pipedesk_gateway.retryable_writes w
      where w.session = p_session and w.txn_number = p_number;
  end $$;

  create or replace function pipedesk_gateway.record(p_session bytea, p_number bigint, p_reply bytea, p_success boolean)
  returns void language plpgsql as $$
  begin
    perform pg_advisory_xact_lock(hashtextextended(encode(p_session, 'hex'), 0));
    insert into pipedesk_gateway.retryable_writes (session, txn_number, reply, success)
      values (p_session, p_number, p_reply, p_success)
      on conflict (session) do update set txn_number = excluded.txn_number, reply = excluded.reply,
        success = excluded.success, written_at = excluded.written_at;
  end $$;

  create or replace function pipedesk_gateway.write_once(
    p_kind text, p_database text, p_command documentdb_core.bson, p_documents documentdb_core.bsonsequence,
    p_session bytea, p_number bigint, out reply bytea, out success boolean)
  language plpgsql as $$
  begin
    select r.reply, r.success into reply, success from pipedesk_gateway.recorded(p_session, p_number) r;
    if success is not null then
      return;
    end if;
    case p_kind
      when 'insert' then
        select w.p_result::bytea, w.p_success into reply, success from documentdb_api.insert(p_database, p_command, p_documents) w;
      when 'update' then
        select w.p_result::bytea, w.p_success into reply, success from documentdb_api.update(p_database, p_command, p_documents) w;
      when 'delete' then
        select w.p_result::bytea, w.p_success into reply, success from documentdb_api.delete(p_database, p_command, p_documents) w;
      when 'findAndModify' then
        select w.p_result::bytea, w.p_success into reply, success from documentdb_api.find_and_modify(p_database, p_command) w;
    end case;
    perform pipedesk_gateway.record(p_session, p_number, reply, success);
  end $$;`;
