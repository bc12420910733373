-- Clears all counts of an account: that of strangers, and those of its devices and sessions.
-- The operators compare bytes, whatever the collation: `user:<id>:` begins them all, and `~` comes behind every letter.
-- The first condition is that of the index.
-- Internal: called by functions whose caller has shown that the account is his.
create or replace function auth.forgive_account(p_user_id uuid)
  returns void
  language sql
  volatile
  security definer
  set search_path = ''
begin atomic
  delete from auth.login_attempts a where a.subject = 'user:' || p_user_id;
  delete from auth.login_attempts a
   where a.subject like 'user:%:%'
     and a.subject operator(pg_catalog.~>=~) ('user:' || p_user_id || ':')
     and a.subject operator(pg_catalog.~<~) ('user:' || p_user_id || ':~');
end;
comment on function auth.forgive_account is 'Clears the counts of a user and of his devices and sessions.';
