-- Whether nobody holds a contact, for registration forms.
-- Threat: it tells outsiders which contacts are known. That is what the call is for; the service limits its rate.
create or replace function accounts.is_contact_available(p_value text)
  returns boolean
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select not exists (
    select from accounts.user_contacts c where c.value = p_value and c.is_active and c.confirmed_at is not null
  );
end;
comment on function accounts.is_contact_available is 'Whether nobody has confirmed the normalised contact, or whoever has does not use it any more.';
grant execute on function accounts.is_contact_available to auth_service;
