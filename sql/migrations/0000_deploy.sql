-- Schema deploy: which repeatable files (functions, seed) the database has, so that only changed ones are applied again.

create schema if not exists deploy;
comment on schema deploy is 'What has been applied to this database.';

create table deploy.applied_files (
  path       text primary key,
  sha256     text not null,
  applied_at timestamptz not null default now()
);
comment on table deploy.applied_files is 'The repeatable files as they were last applied.';

create function deploy.is_applied(p_path text, p_sha256 text)
  returns boolean
  language sql
  stable
  set search_path = ''
begin atomic
  select exists (select from deploy.applied_files f where f.path = p_path and f.sha256 = p_sha256);
end;
comment on function deploy.is_applied is 'Whether the file has been applied as it is.';

create function deploy.note_applied(p_path text, p_sha256 text)
  returns void
  language sql
  volatile
  set search_path = ''
begin atomic
  insert into deploy.applied_files as f (path, sha256) values (p_path, p_sha256)
  on conflict (path) do update set sha256 = excluded.sha256, applied_at = now();
end;
comment on function deploy.note_applied is 'Notes that the file has been applied as it is.';

revoke all on function deploy.is_applied, deploy.note_applied from public;
