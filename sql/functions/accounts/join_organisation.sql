-- Makes a user a member by an invitation that he has redeemed, and gives him its roles, all or nothing. It returns the role that the
-- inviter may not give, or null: whoever calls it undoes the rest then.
-- Threats: an inviter who may not give them any more, because he was demoted, has left, has lost his role or his account: it is
-- decided here once more, by what holds now, for this very user. One who invites himself: accounts.may_give_role.
-- Internal: called under the locks of accounts.redeem_invitation. Whoever has left before has his membership back, as no head.
create or replace function accounts.join_organisation(p_user_id uuid, p_invitation_id uuid)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
declare
  v_invitation accounts.organisation_invitations;
  v_organisation_id uuid;
  v_role text;
begin
  select * into strict v_invitation
    from accounts.organisation_invitations i where i.challenge_id = p_invitation_id;
  v_organisation_id := v_invitation.organisation_id;

  insert into accounts.organisation_members as o (organisation_id, user_id)
  values (v_organisation_id, p_user_id)
  on conflict (organisation_id, user_id) do update
    set is_head = false, deleted_at = null, created_at = now(), updated_at = now()
    where o.deleted_at is not null;
  if found then
    perform auth.append_audit_event(
      'organisation.joined', p_user_id, p_user_id, v_organisation_id, null,
      jsonb_build_object('invitation_id', p_invitation_id)
    );
  end if;

  -- All of them, before the first one raises his rank.
  select r.name into v_role
    from unnest(v_invitation.roles) with ordinality as r (name, place)
   where not accounts.is_organisation_head(v_invitation.invited_by, v_organisation_id)
      or not accounts.may_give_role(v_invitation.invited_by, p_user_id, r.name, v_organisation_id)
      or not accounts.may_hold_role(p_user_id, r.name, v_organisation_id)
   order by r.place
   limit 1;
  if found then
    return v_role;
  end if;
  foreach v_role in array v_invitation.roles loop
    if accounts.add_user_to_group(p_user_id, v_role, v_organisation_id, v_invitation.invited_by) then
      perform auth.append_audit_event(
        'role.granted', v_invitation.invited_by, p_user_id, v_organisation_id, null, jsonb_build_object('role', v_role)
      );
    end if;
  end loop;
  return null;
end
$$;
comment on function accounts.join_organisation is
  'Makes a user a member with the roles of his invitation; returns the role that refuses it, or null.';
