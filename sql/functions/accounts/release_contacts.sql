-- Frees the contacts of accounts that were closed or deleted long enough ago, a bounded number of accounts a call; the service
-- calls it by itself, on every replica.
-- Threat: somebody who takes over a phone or an address right after its account was closed, and with it what other services
-- still connect with it. It is free only when the reservation is over.
create or replace function accounts.release_contacts(p_batch integer, p_reservation interval)
  returns integer
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_users uuid[];
begin
  select coalesce(array_agg(o.id), '{}') into v_users
    from (
      select u.id from accounts.users u
       where coalesce(u.deactivated_at, u.deleted_at) is not null and u.contacts_released_at is null
         and coalesce(u.deactivated_at, u.deleted_at) <= now() - p_reservation
       order by coalesce(u.deactivated_at, u.deleted_at)
       limit p_batch
         for no key update skip locked
    ) o;
  update accounts.user_contacts c
     set is_active = false, is_primary = false, deactivated_at = now()
   where c.user_id = any (v_users) and c.is_active;
  update accounts.users u set contacts_released_at = now() where u.id = any (v_users);
  return cardinality(v_users);
end
$$;
comment on function accounts.release_contacts is
  'Frees the contacts of at most p_batch accounts that were closed or deleted p_reservation ago or earlier; returns how many accounts.';
grant execute on function accounts.release_contacts to auth_service;
