-- Gives one attempt back: it succeeded, or was never evaluated because the caller left or the service was busy.
create or replace function auth.release_login_attempt(p_subject text)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  update auth.login_attempts a
     set failures = greatest(a.failures - 1, 0), blocked_until = null
   where a.subject = p_subject;
end;
comment on function auth.release_login_attempt is 'Gives one attempt of a subject back.';
grant execute on function auth.release_login_attempt to auth_service;
