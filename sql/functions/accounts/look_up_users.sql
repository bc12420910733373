-- Users by their ids for other services. Deleted accounts are left out: to a service there is nobody any more.
-- Threat: a service that asks for everybody: the front door lets known services in, and 100 ids at a time.
create or replace function accounts.look_up_users(p_user_ids uuid[])
  returns table (account jsonb)
  language sql
  stable
  security definer
  set search_path = ''
begin atomic
  select d.account - 'data' from accounts.describe_users(p_user_ids) d where d.account ->> 'state' <> 'deleted';
end;
comment on function accounts.look_up_users is 'Those of the users that there are and that are not deleted, in no order, without their data.';
grant execute on function accounts.look_up_users to auth_service;
