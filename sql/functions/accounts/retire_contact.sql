-- Takes a contact out of use. It stays as history, and codes and links on their way to it are dead.
-- Internal: whoever calls it has decided, for the user whose contact it is, and holds the lock of his row.
create or replace function accounts.retire_contact(p_contact_id uuid)
  returns accounts.user_contacts
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_contact accounts.user_contacts;
  v_was_primary boolean;
begin
  select c.is_primary into v_was_primary from accounts.user_contacts c where c.id = p_contact_id;
  update accounts.user_contacts c
     set is_active = false, is_primary = false, deactivated_at = now()
   where c.id = p_contact_id and c.is_active
  returning * into v_contact;
  if v_contact.id is null then
    return null;
  end if;

  update auth.challenges h
     set ended_at = now(), end_cause = 'cascade'
   where h.ended_at is null
     and (h.contact_id = p_contact_id or (h.user_id = v_contact.user_id and h.contact = v_contact.value));

  perform auth.append_audit_event(
    'contact.deactivated', v_contact.user_id, v_contact.user_id, null, null,
    jsonb_build_object('contact_id', p_contact_id, 'type', v_contact.type)
  );

  if v_was_primary then
    update accounts.user_contacts c
       set is_primary = true
     where c.id = (
       select n.id from accounts.user_contacts n
        where n.user_id = v_contact.user_id and n.type = v_contact.type and n.is_active and n.confirmed_at is not null
        order by n.confirmed_at, n.id
        limit 1
     );
  end if;
  return v_contact;
end
$$;
comment on function accounts.retire_contact is
  'Deactivates a contact; the longest confirmed one of its type becomes the primary in its place. Null if it was not active.';
