-- Append to one stream: all events or none, with the command's key and the message's inbox row.
-- The shared lock comes before the first position is drawn: the relay waits for its holders (recipe F).
-- In the schema {schema}; {lock} is the schema's lock number. The only way to write to the log.
create function {schema}.append_events(
  p_stream text, p_expected integer, p_ids uuid[], p_types text[], p_data text[], p_occurred bigint[],
  p_actor text, p_unit uuid, p_correlation uuid, p_causation uuid,
  p_key text, p_fingerprint text, p_consumer text, p_inbox uuid)
returns table (r_version integer, r_position bigint, r_replayed boolean)
language plpgsql security definer set search_path = {schema}, pg_temp as $$
declare
  v_version integer; v_hash bytea; v_position bigint := 0; v_now bigint; v_happened bigint; v_command command;
begin
  perform pg_advisory_xact_lock_shared({lock});
  if p_key is not null then
    select * into v_command from command where key = p_key;
    if found then
      if v_command.fingerprint <> p_fingerprint then
        raise exception 'this Idempotency-Key was used with another body' using errcode = 'MX422';
      end if;
      return query select v_command.version, v_command.position, true;
      return;
    end if;
  end if;
  if p_consumer is not null and exists (select 1 from inbox where consumer = p_consumer and event_id = p_inbox) then
    return query select 0, 0::bigint, true;
    return;
  end if;
  select version, hash into v_version, v_hash from event where stream = p_stream order by version desc limit 1;
  v_version := coalesce(v_version, 0);
  v_hash := coalesce(v_hash, ''::bytea);
  if v_version <> p_expected then
    raise exception '% is at version %, not %', p_stream, v_version, p_expected using errcode = 'MX409';
  end if;
  v_now := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
  for i in 1 .. coalesce(array_length(p_ids, 1), 0) loop
    v_version := v_version + 1;
    v_happened := coalesce(p_occurred[i], v_now);
    v_hash := sha256(v_hash || convert_to(concat_ws(e'\x1f', p_ids[i]::text, p_stream, v_version::text, p_types[i],
      v_happened::text, v_now::text, p_actor, coalesce(p_unit::text, ''), p_correlation::text,
      coalesce(p_causation::text, ''), p_data[i]), 'UTF8'));
    insert into event (event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id,
                       causation_id, data, hash)
    values (p_ids[i], p_stream, v_version, p_types[i], v_happened, v_now, p_actor, p_unit, p_correlation,
            p_causation, p_data[i], v_hash)
    returning position into v_position;
  end loop;
  if p_key is not null then
    insert into command (key, fingerprint, version, position, recorded_at)
    values (p_key, p_fingerprint, v_version, v_position, v_now);
  end if;
  if p_consumer is not null then
    insert into inbox (consumer, event_id, handled_at) values (p_consumer, p_inbox, v_now);
  end if;
  return query select v_version, v_position, false;
end $$
