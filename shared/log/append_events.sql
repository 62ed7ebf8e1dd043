-- Append to one stream: all events or none, with the command's key and the message's inbox row.
-- The shared lock comes before the first position is drawn: the relay waits for its holders (recipe F).
-- In the schema {schema}; {lock} is the schema's lock number. The only way to write to the log.
--
-- Every expression and query here is set up anew in each transaction, so there are few. What seldom happens is left to
-- the unique constraints: a stream that exists has version 1, a command or message that was answered has its row; the
-- caller finds out which. Returns version and position as an array: a row would go through a store of its own.
create or replace function {schema}.append_events(
  p_stream text, p_expected integer, p_ids uuid[], p_types text[], p_data text[], p_occurred bigint[],
  p_actor text, p_unit uuid, p_correlation uuid, p_causation uuid,
  p_key text, p_fingerprint text, p_consumer text, p_inbox uuid)
returns bigint[] language plpgsql security definer set search_path = {schema}, pg_temp as $$
declare
  v_now bigint := extract(epoch from clock_timestamp()) * 1000000;
  v_count integer := cardinality(p_ids);
  v_version integer;
  v_hash bytea := '';
  v_position bigint := 0;
begin
  perform pg_advisory_xact_lock_shared({lock});
  if p_expected > 0 or v_count = 0 then
    select version, hash into v_version, v_hash from event where stream = p_stream order by version desc limit 1;
    if coalesce(v_version, 0) <> p_expected then
      raise exception '% is at version %, not %', p_stream, coalesce(v_version, 0), p_expected using errcode = 'MX409';
    end if;
  end if;
  for i in 1 .. v_count loop
    insert into event (event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id,
                       causation_id, data, hash)
    values (p_ids[i], p_stream, p_expected + i, p_types[i], coalesce(p_occurred[i], v_now), v_now, p_actor, p_unit,
            p_correlation, p_causation, p_data[i],
            sha256(v_hash || convert_to(concat_ws(e'\x1f', p_ids[i], p_stream, p_expected + i, p_types[i],
              coalesce(p_occurred[i], v_now), v_now, p_actor, coalesce(p_unit::text, ''), p_correlation,
              coalesce(p_causation::text, ''), p_data[i]), 'UTF8')))
    returning position, hash into v_position, v_hash;
  end loop;
  if p_key is not null then
    insert into command (key, fingerprint, version, position, recorded_at)
    values (p_key, p_fingerprint, p_expected + v_count, v_position, v_now);
  end if;
  if p_consumer is not null then
    insert into inbox (consumer, event_id, handled_at) values (p_consumer, p_inbox, v_now);
  end if;
  return array[p_expected + v_count, v_position];
end $$
