-- One contact of a user.
-- Threat: somebody who asks about another's contact: it is not found, as one that does not exist.
create or replace function accounts.get_contact(p_user_id uuid, p_contact_id uuid)
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
  select c.id, c.type, c.value, c.is_active, c.confirmed_at, c.is_primary, c.created_at, c.deactivated_at
    from accounts.user_contacts c
   where c.id = p_contact_id and c.user_id = p_user_id;
end;
comment on function accounts.get_contact is 'A contact of the user, be it active or history; no row for one that he has not.';
grant execute on function accounts.get_contact to auth_service;
