-- Decides which roles a registration on an interface gets.
-- Threat: the front end is not trusted. A role that is not open on the interface and a role that does not exist must be
-- one refusal, or the answers would list our roles. Internal: not granted to the service.
create or replace function accounts.assert_self_assignable(p_interface text, p_group_names text[])
  returns text[]
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
declare
  v_asked text[] := coalesce(p_group_names, '{}');
  v_allowed text[];
begin
  select coalesce(array_agg(r.group_name order by r.group_name), '{}') into v_allowed
    from accounts.user_group_registrations r
    join accounts.user_groups g on g.name = r.group_name
   where r.interface = p_interface
     and g.is_active
     and case when cardinality(v_asked) = 0 then r.is_default else r.group_name = any (v_asked) end;

  if cardinality(v_allowed) = 0 or not v_asked <@ v_allowed then
    raise exception 'ROLE_NOT_ASSIGNABLE' using errcode = 'AU001';
  end if;
  return v_allowed;
end
$$;
comment on function accounts.assert_self_assignable is
  'The roles that a registration on the interface gets: those asked for, or the default. Raises ROLE_NOT_ASSIGNABLE.';
