-- Finds a person for staff who help him, by a contact that he has named, and writes the look down, whatever it finds.
-- Threats: staff who look people up unseen: no answer without its entry, not even that there is nobody. A search from a browser for
-- the accounts of those who rank higher: the answer is that of nobody, and shows nothing of them. That holds for this answer only:
-- accounts.list_users shows them to whoever holds accounts.users.read, and the audit names whom the caller has looked for, on
-- purpose: it is for auditors. Somebody who has claimed another's address: what is not confirmed finds nobody. A contact in the
-- audit, which nobody can remove there: an entry has the id of the person, or nothing. A role that is taken from the caller
-- meanwhile, or given to the person, or a contact that he gives up: both rows are held, and only then it is decided.
create or replace function accounts.find_user_for_support(p_actor uuid, p_contact text)
  returns table (account jsonb)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_candidate uuid;
  v_user_id uuid;
  v_action text;
begin
  -- Whose it seems to be: it may be given up before his row is held.
  select c.user_id into v_candidate
    from accounts.user_contacts c
   where c.value = p_contact and c.is_active and c.confirmed_at is not null;
  perform accounts.lock_users(p_actor, v_candidate);
  perform accounts.require_permission(p_actor, 'accounts.users.read');
  perform accounts.require_permission(p_actor, 'auth.sessions.read');
  select u.id into v_user_id
    from accounts.user_contacts c
    join accounts.users u on u.id = c.user_id
   where u.id = v_candidate and u.deleted_at is null
     and c.value = p_contact and c.is_active and c.confirmed_at is not null;

  if v_user_id is null then
    v_action := 'support.nobody_found';
  elsif accounts.outranks(v_user_id, p_actor) then
    v_action := 'support.user_hidden';
  else
    v_action := 'support.user_found';
  end if;
  perform auth.append_audit_event(v_action, p_actor, v_user_id, null, null, '{}');
  if v_action = 'support.user_found' then
    return query select d.account - 'data' from accounts.describe_users(array[v_user_id]) d;
  end if;
end
$$;
comment on function accounts.find_user_for_support is
  'The user who has confirmed the normalised contact, as accounts.describe_users shows him; no row for nobody, somebody deleted and somebody who ranks higher. Raises PERMISSION_REQUIRED.';
grant execute on function accounts.find_user_for_support to auth_service;
