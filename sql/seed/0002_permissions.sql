-- The permissions of ADMIN methods, and the roles that hold them. Applied after every migration, and safe to apply again:
-- rows that exist are left as an administrator made them.

with added as (
  insert into accounts.permissions (name, title) values
    ('auth.tokens.explain', 'See why a token is refused'),
    ('auth.messages.read', 'See which messages were sent, and which could not be'),
    ('auth.messages.resend', 'Send a message again that could not be sent')
  on conflict do nothing
  returning name
)
-- Only for what is new: a role that an administrator has taken a permission from does not get it back.
insert into accounts.role_permissions (role, permission)
select held.role, added.name
  from added
  join (values
    ('superadmin', 'auth.tokens.explain'),
    ('support', 'auth.tokens.explain'),
    ('superadmin', 'auth.messages.read'),
    ('support', 'auth.messages.read'),
    ('superadmin', 'auth.messages.resend'),
    ('support', 'auth.messages.resend')
  ) held (role, permission) on held.permission = added.name
on conflict do nothing;
