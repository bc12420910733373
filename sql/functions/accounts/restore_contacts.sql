-- Gives an account that is opened again the contacts that accounts.release_contacts has freed.
-- Threats: a contact that is somebody else's by now: whoever has confirmed it keeps it, also one who confirms it at this
-- moment: the unique index decides. Two who want each other's: contacts are taken in the order of their values everywhere.
-- Internal: whoever calls it holds the lock of the user's row. What the user had given up before stays history: it was
-- deactivated at another time.
create or replace function accounts.restore_contacts(p_user_id uuid, p_released_at timestamptz)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_id uuid;
begin
  for v_id in
    select c.id
      from accounts.user_contacts c
     where c.user_id = p_user_id and not c.is_active and c.deactivated_at = p_released_at
     order by c.value
  loop
    begin
      update accounts.user_contacts c
         set is_active = true, deactivated_at = null
       where c.id = v_id and accounts.is_contact_available(c.value);
    exception
      when unique_violation then
        null;
    end;
  end loop;
  -- Which one was the primary is not kept: it is the longest confirmed one, as where a primary is given up.
  update accounts.user_contacts c
     set is_primary = true
   where c.id in (
     select distinct on (n.type) n.id
       from accounts.user_contacts n
      where n.user_id = p_user_id and n.is_active and n.confirmed_at is not null
        and not exists (
          select from accounts.user_contacts o where o.user_id = p_user_id and o.type = n.type and o.is_primary
        )
      order by n.type, n.confirmed_at, n.id
   );
end
$$;
comment on function accounts.restore_contacts is
  'Makes those contacts active again that were freed at p_released_at, unless somebody has confirmed them since.';
