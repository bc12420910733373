-- Clears the count of an account: its owner has just shown his password.
create or replace function auth.forgive_login_attempts(p_subject text)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  delete from auth.login_attempts a where a.subject = p_subject;
end;
comment on function auth.forgive_login_attempts is 'Clears the count of a subject.';
grant execute on function auth.forgive_login_attempts to auth_service;
