-- The times of the rotations of a refresh token that count within the grace, after one more: the latest first.
-- Threat: a row that grows with use. There are 100 at the most: who refreshes more often in one grace presents no old token in peace.
-- Internal: auth.consume_refresh_token calls it under the row's lock.
create or replace function auth.recent_rotations(p_rotations timestamptz[], p_grace interval)
  returns timestamptz[]
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  select (array_agg(r.at order by r.at desc))[1:100]
    from (
      select clock_timestamp() as at
      union all
      select e.at from unnest(p_rotations) e (at) where e.at > clock_timestamp() - p_grace
    ) r;
end;
comment on function auth.recent_rotations is 'This moment, and those of the given ones that are within the grace.';
