-- Takes in users of another system, up to some hundreds in one call, and returns those that were not taken in, and why. What the
-- others need is written by a few statements for all of them.
-- Threats: an administrator whose role or session has gone while he streams; both are looked at again for every batch. Roles that he
-- may not give: decided once for each role, under the lock of his row. A user who takes others with him: whatever the tables would
-- refuse of one is found before anything is written. Somebody who registers the same contact at this moment: the unique index
-- decides. Contacts are written in the order of their values, as by a registration, so that the two cannot deadlock.
--
-- p_refused: how many of the batch were refused before the call; the event tells of all.
-- p_users: [{"contacts": [{"type": text, "value": text}], "roles": [text], "data": object,
--            "display_name", "bio", "country", "language", "password_hash": texts or null}]; all but contacts and roles may be absent
-- Contacts are normalised, and none is twice in a user; of an exclusive type there is one. They count as confirmed.
-- position is the user's place in p_users, from 1 on; field is where the reason lies.
create or replace function accounts.import_users(p_actor uuid, p_session_id uuid, p_users jsonb, p_refused integer)
  returns table ("position" integer, reason text, field text)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_refused_roles text[];
  v_positions integer[];
  v_indexes integer[];
  v_types text[];
  v_values text[];
  v_waiting integer[];
  v_now integer[];
  v_position integer;
  v_claims text[];
  v_claimed jsonb;
  v_taken integer[];
  v_ids uuid[];
  v_lost uuid[];
  v_imported integer := 0;
begin
  -- One batch of an actor at a time: locks that let each other pass would keep out whoever takes his role or his account away.
  perform accounts.lock_users(p_actor, p_actor);
  perform accounts.require_permission(p_actor, 'accounts.users.import');
  if not exists (select from auth.sessions s where s.id = p_session_id and s.user_id = p_actor and s.ended_at is null) then
    raise exception 'TOKEN_REVOKED' using errcode = 'AU001';
  end if;

  v_refused_roles := array(
    select d.role
      from (
        select distinct r.role
          from jsonb_array_elements(p_users) u (entry)
         cross join lateral jsonb_array_elements_text(u.entry -> 'roles') r (role)
      ) d
     where not (
       accounts.may_give_role(p_actor, null, d.role, null) and accounts.may_hold_role(null, d.role, null)
     )
  );
  -- One event a role, and one for all names that no role has.
  perform accounts.note_role_refusal('role.grant_refused', p_actor, null, d.name, null)
    from (
      select distinct g.name
        from unnest(v_refused_roles) r (role)
        left join accounts.user_groups g on g.name = r.role
    ) d;
  return query
    select u.n::integer, 'ROLE_NOT_GRANTABLE', format('roles[%s]', min(r.n) - 1)
      from jsonb_array_elements(p_users) with ordinality u (entry, n)
     cross join lateral jsonb_array_elements_text(u.entry -> 'roles') with ordinality r (role, n)
     where r.role = any (v_refused_roles)
     group by u.n;
  -- Small as JSON and large here, where numbers are written out: the constraint users_profile_size would end the batch.
  return query
    select u.n::integer, 'INVALID_REQUEST', 'profile.data'
      from jsonb_array_elements(p_users) with ordinality u (entry, n)
     where octet_length(coalesce(u.entry -> 'data', '{}')::text) > 32768
       and not exists (select from jsonb_array_elements_text(u.entry -> 'roles') r (role) where r.role = any (v_refused_roles));
  v_waiting := array(
    select u.n::integer
      from jsonb_array_elements(p_users) with ordinality u (entry, n)
     where octet_length(coalesce(u.entry -> 'data', '{}')::text) <= 32768
       and not exists (select from jsonb_array_elements_text(u.entry -> 'roles') r (role) where r.role = any (v_refused_roles))
  );
  select array_agg(u.n), array_agg(c.n - 1), array_agg(c.entry ->> 'type'), array_agg(c.entry ->> 'value')
    into v_positions, v_indexes, v_types, v_values
    from jsonb_array_elements(p_users) with ordinality u (entry, n)
   cross join lateral jsonb_array_elements(u.entry -> 'contacts') with ordinality c (entry, n);

  -- Once, but where a contact is lost: to somebody outside at this moment, or to one before him in the batch. Who shares a contact
  -- with one before him waits for what becomes of that one, who may lose another contact himself. The first of those who wait
  -- shares with nobody before him, so it comes to an end.
  while cardinality(v_waiting) > 0 loop
    v_taken := array(
      select distinct k.user_position
        from unnest(v_positions, v_values) k (user_position, value)
       where k.user_position = any (v_waiting) and not accounts.is_contact_available(k.value)
    );
    return query
      select k.user_position, 'CONTACT_TAKEN', format('contacts[%s]', min(k.index))
        from unnest(v_positions, v_indexes, v_values) k (user_position, index, value)
       where k.user_position = any (v_taken) and not accounts.is_contact_available(k.value)
       group by k.user_position;
    v_waiting := array(select w.n from unnest(v_waiting) w (n) where w.n <> all (v_taken));
    v_now := v_waiting;
    if exists (
      select from unnest(v_positions, v_values) k (user_position, value)
       where k.user_position = any (v_waiting)
       group by k.value having count(*) > 1
    ) then
      v_now := '{}';
      v_claimed := '{}';
      foreach v_position in array v_waiting loop
        v_claims := array(
          select k.value from unnest(v_positions, v_values) k (user_position, value) where k.user_position = v_position
        );
        if not v_claimed ?| v_claims then
          v_now := v_now || v_position;
          v_claimed := v_claimed || (select jsonb_object_agg(c.value, true) from unnest(v_claims) c (value));
        end if;
      end loop;
    end if;

    v_ids := array(select uuidv7() from unnest(v_now));
    insert into accounts.users (id, profile, password_hash, display_name, bio, country, language)
    select c.id, coalesce(u.entry -> 'data', '{}'), u.entry ->> 'password_hash', u.entry ->> 'display_name', u.entry ->> 'bio',
           u.entry ->> 'country', u.entry ->> 'language'
      from unnest(v_now, v_ids) c (user_position, id)
     cross join lateral (select p_users -> (c.user_position - 1)) u (entry);

    with inserted as (
      insert into accounts.user_contacts (user_id, type, value, confirmed_at, is_primary)
      select c.id, k.type, k.value, now(), row_number() over (partition by c.id, k.type order by k.index) = 1
        from unnest(v_now, v_ids) c (user_position, id)
        join unnest(v_positions, v_indexes, v_types, v_values) k (user_position, index, type, value)
          on k.user_position = c.user_position
       order by k.value, c.user_position
      on conflict (value) where is_active and confirmed_at is not null do nothing
      returning user_id
    ),
    wanted as (
      select c.id, count(*) as contacts
        from unnest(v_now, v_ids) c (user_position, id)
        join unnest(v_positions) k (user_position) on k.user_position = c.user_position
       group by c.id
    )
    select coalesce(array_agg(w.id), '{}') into v_lost
      from wanted w
      left join (select i.user_id, count(*) as contacts from inserted i group by i.user_id) g on g.user_id = w.id
     where g.contacts is distinct from w.contacts;
    delete from accounts.users u where u.id = any (v_lost);

    insert into accounts.user_group_memberships (user_id, group_name, granted_by)
    select distinct c.id, r.role, p_actor
      from unnest(v_now, v_ids) c (user_position, id)
     cross join lateral jsonb_array_elements_text(p_users -> (c.user_position - 1) -> 'roles') r (role)
     where c.id <> all (v_lost);
    perform auth.append_audit_event(
      'role.granted', p_actor, m.user_id, null, null, jsonb_build_object('role', m.group_name)
    )
      from accounts.user_group_memberships m
     where m.user_id = any (v_ids);

    v_imported := v_imported + cardinality(v_now) - cardinality(v_lost);
    v_waiting := array(
      select w.n from unnest(v_waiting) w (n)
        left join unnest(v_now, v_ids) c (user_position, id) on c.user_position = w.n
       where c.id is null or c.id = any (v_lost)
       order by w.n
    );
  end loop;

  perform auth.append_audit_event(
    'user.imported', p_actor, null, null, null,
    jsonb_build_object(
      'imported_users', v_imported,
      'failed_users', p_refused + (select count(*) from jsonb_array_elements(p_users)) - v_imported
    )
  );
end
$$;
comment on function accounts.import_users is
  'Creates users with contacts, roles and password hashes; returns those that were not taken in. Raises PERMISSION_REQUIRED, TOKEN_REVOKED.';
grant execute on function accounts.import_users to auth_service;
