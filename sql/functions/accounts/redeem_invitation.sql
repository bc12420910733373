-- Uses the token of an invitation up, for somebody who joins by it, and locks who has to do with it.
-- Threats: parallel uses, of which one may succeed: auth.redeem_challenge decides. An inviter who loses his role or his headship
-- meanwhile: his row is locked first, and those who take it away hold it, too.
-- Internal: p_user_id is who joins; null: somebody new. What refuses him afterwards raises, and the link can be used again.
create or replace function accounts.redeem_invitation(p_id uuid, p_secret_hash text, p_user_id uuid)
  returns table (outcome text, organisation_id uuid, contact_type text, contact text)
  language plpgsql
  volatile
  security definer
  set search_path = ''
as $$
begin
  -- Who invited whereto never changes: it is read before anything is locked, to lock in the order of all others.
  perform accounts.lock_users(i.invited_by, p_user_id)
    from accounts.organisation_invitations i where i.challenge_id = p_id;
  select i.organisation_id into organisation_id
    from accounts.organisation_invitations i where i.challenge_id = p_id;
  select r.outcome, r.contact_type, r.contact into outcome, contact_type, contact
    from auth.redeem_challenge(p_id, 'invitation', p_secret_hash, null) r;
  return next;
end
$$;
comment on function accounts.redeem_invitation is
  'Redeems an invitation once and returns the outcome (accepted, used, gone), what it leads to, and the contact that it shows.';
