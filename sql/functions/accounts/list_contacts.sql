-- The contacts of a user: active ones by type, the primary one first; then his history, the latest first, as far as a person
-- looks at it.
create or replace function accounts.list_contacts(p_user_id uuid, p_with_history boolean)
  returns table (
    id uuid,
    type text,
    value text,
    is_active boolean,
    confirmed_at timestamptz,
    is_primary boolean,
    created_at timestamptz,
    deactivated_at timestamptz
  )
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  with shown as (
    select c.* from accounts.user_contacts c where c.user_id = p_user_id and c.is_active
    union all
    (select c.* from accounts.user_contacts c
      where c.user_id = p_user_id and not c.is_active and p_with_history
      order by c.deactivated_at desc, c.id desc
      limit 100)
  )
  select s.id, s.type, s.value, s.is_active, s.confirmed_at, s.is_primary, s.created_at, s.deactivated_at
    from shown s
   order by s.is_active desc, case when s.is_active then s.type end, s.is_primary desc, s.deactivated_at desc,
            s.created_at, s.id;
end;
comment on function accounts.list_contacts is 'The active contacts of a user and, if asked for, the latest 100 of his history.';
grant execute on function accounts.list_contacts to auth_service;
