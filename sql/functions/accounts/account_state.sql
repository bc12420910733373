-- What has become of an account, in the words of the API: one of active, deactivated, deleted and guest. The partial indexes
-- of accounts.list_users say the same of each.
-- Threat: a list that calls an account open which nothing logs in to: deletion counts before everything else.
-- Internal.
create or replace function accounts.account_state(p_deleted_at timestamptz, p_is_active boolean, p_is_guest boolean)
  returns text
  language sql
  immutable
  security definer
  set search_path = ''
begin atomic
  select case
           when p_deleted_at is not null then 'deleted'
           when not p_is_active then 'deactivated'
           when p_is_guest then 'guest'
           else 'active'
         end;
end;
comment on function accounts.account_state is 'The state of an account: active, deactivated, deleted or guest.';
