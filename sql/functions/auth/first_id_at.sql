-- The least UUID of a time: ids of version 7 begin with their milliseconds, in 48 bits, so a range of time is a range of ids.
-- Threat: a time that no id can have, and that would wrap round: it is held to what fits.
-- Internal: lists by time go through it.
create or replace function auth.first_id_at(p_time timestamptz)
  returns uuid
  language sql
  immutable
  security definer
  set search_path = ''
begin atomic
  select case when p_time is not null then
    rpad(
      lpad(to_hex(greatest(0, least(floor(extract(epoch from p_time) * 1000), 281474976710655))::bigint), 12, '0'), 32, '0'
    )::uuid
  end;
end;
comment on function auth.first_id_at is 'The least id that a row of the time can have; null for null.';
