-- Append one event to one stream, as ``append_events`` does with many: most commands make one, and an array of one costs
-- a sixth of the call. The shared lock comes before the position is drawn: the relay waits for its holders (recipe F).
create or replace function {schema}.append_event(
  p_stream text, p_expected integer, p_id uuid, p_type text, p_data text, p_occurred bigint,
  p_actor text, p_unit uuid, p_correlation uuid, p_causation uuid,
  p_key text, p_fingerprint text, p_consumer text, p_inbox uuid)
returns bigint[] language plpgsql security definer set search_path = {schema}, pg_temp as $$
declare
  v_now bigint := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
  v_occurred bigint := coalesce(p_occurred, v_now);
  v_version integer;
  v_hash bytea := '';
  v_position bigint;
begin
  perform pg_advisory_xact_lock_shared({lock});
  if p_expected > 0 then
    select version, hash into v_version, v_hash from event where stream = p_stream order by version desc limit 1;
    if coalesce(v_version, 0) <> p_expected then
      raise exception '% is at version %, not %', p_stream, coalesce(v_version, 0), p_expected using errcode = 'MX409';
    end if;
  end if;
  insert into event (event_id, stream, version, type, occurred_at, recorded_at, actor, unit, correlation_id,
                     causation_id, data, hash)
  values (p_id, p_stream, p_expected + 1, p_type, v_occurred, v_now, p_actor, p_unit, p_correlation, p_causation, p_data,
          sha256(v_hash || convert_to(concat_ws(e'\x1f', p_id, p_stream, p_expected + 1, p_type, v_occurred, v_now,
            p_actor, coalesce(p_unit::text, ''), p_correlation, coalesce(p_causation::text, ''), p_data), 'UTF8')))
  returning position into v_position;
  if p_key is not null then
    insert into command (key, fingerprint, version, position, recorded_at)
    values (p_key, p_fingerprint, p_expected + 1, v_position, v_now);
  end if;
  if p_consumer is not null then
    insert into inbox (consumer, event_id, handled_at) values (p_consumer, p_inbox, v_now);
  end if;
  return array[p_expected + 1, v_position];
end $$
