-- The permissions of ADMIN methods, and the roles that hold them. Applied after every migration, and safe to apply again:
-- rows that exist are left as an administrator made them.

insert into accounts.permissions (name, title) values
  ('auth.tokens.explain', 'See why a token is refused')
on conflict do nothing;

insert into accounts.role_permissions (role, permission) values
  ('superadmin', 'auth.tokens.explain'),
  ('support', 'auth.tokens.explain')
on conflict do nothing;
