-- Decides whether an administrator may have a user sent what a new password is set with, and where that goes: to his primary e-mail
-- address, else to his primary phone, else to his primary contact of another type that messages can be sent to.
-- Threats: those of accounts.require_administrable. The rows are locked against change only: auth.start_challenge follows in this
-- transaction, waits for others who ask for the same contact, and these read the user's row; with a lock against readers each would
-- wait for the other. Should the message be refused, this is rolled back, and its event with it.
create or replace function accounts.find_reset_contact(p_actor uuid, p_user_id uuid)
  returns table (type text, value text, channel text)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_user accounts.users;
begin
  perform from accounts.users u where u.id in (p_actor, p_user_id) order by u.id for share;
  v_user := accounts.require_administrable(p_actor, 'accounts.users.reset_password', p_user_id);
  if v_user.deleted_at is not null then
    raise exception 'USER_DELETED' using errcode = 'AU001';
  end if;

  select c.type, c.value, t.channel into type, value, channel
    from accounts.user_contacts c
    join accounts.contact_types t on t.name = c.type
   where c.user_id = p_user_id and c.is_primary and t.channel is not null
   order by array_position(array['email', 'phone'], c.type), c.confirmed_at, c.id
   limit 1;
  if not found or not v_user.is_active then
    raise exception 'USER_NOT_REACHABLE' using errcode = 'AU001';
  end if;
  perform auth.append_audit_event(
    'user.password_reset_sent', p_actor, p_user_id, null, null, jsonb_build_object('contact_type', type)
  );
  return next;
end
$$;
comment on function accounts.find_reset_contact is
  'Where a reset of the password is sent, and its event. Raises USER_NOT_REACHABLE, USER_DELETED, and what accounts.administer_user raises.';
grant execute on function accounts.find_reset_contact to auth_service;
