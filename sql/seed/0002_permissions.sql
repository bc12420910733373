-- The permissions of ADMIN methods, and the roles that hold them. Applied after every migration, and safe to apply again:
-- rows that exist are left as an administrator made them.

with added as (
  insert into accounts.permissions (name, title) values
    ('auth.tokens.explain', 'See why a token is refused'),
    ('auth.messages.read', 'See which messages were sent, and which could not be'),
    ('auth.messages.resend', 'Send a message again that could not be sent'),
    ('auth.audit.read', 'See who did what to whom'),
    ('auth.sessions.read', 'See where a user is logged in'),
    ('auth.sessions.end', 'End sessions of a user'),
    ('auth.tokens.revoke', 'Revoke everything that was handed out to a user'),
    ('accounts.users.read', 'Look users up'),
    ('accounts.users.create', 'Open accounts for others'),
    ('accounts.users.update', 'Change profiles of others'),
    ('accounts.users.deactivate', 'Close accounts and open them again'),
    ('accounts.users.delete', 'Delete accounts and restore them'),
    ('accounts.users.reset_password', 'Send a user what he sets a new password with'),
    ('accounts.users.import', 'Take in users of another system'),
    ('accounts.organisations.manage', 'Act as a head of any organisation')
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
    ('support', 'auth.messages.resend'),
    ('superadmin', 'auth.audit.read'),
    ('manager', 'auth.audit.read'),
    ('superadmin', 'auth.sessions.read'),
    ('manager', 'auth.sessions.read'),
    ('support', 'auth.sessions.read'),
    ('superadmin', 'auth.sessions.end'),
    ('manager', 'auth.sessions.end'),
    ('support', 'auth.sessions.end'),
    ('superadmin', 'auth.tokens.revoke'),
    ('manager', 'auth.tokens.revoke'),
    ('support', 'auth.tokens.revoke'),
    ('superadmin', 'accounts.users.read'),
    ('manager', 'accounts.users.read'),
    ('support', 'accounts.users.read'),
    ('superadmin', 'accounts.users.create'),
    ('manager', 'accounts.users.create'),
    ('superadmin', 'accounts.users.update'),
    ('manager', 'accounts.users.update'),
    ('support', 'accounts.users.update'),
    ('superadmin', 'accounts.users.deactivate'),
    ('manager', 'accounts.users.deactivate'),
    ('superadmin', 'accounts.users.delete'),
    ('superadmin', 'accounts.users.reset_password'),
    ('manager', 'accounts.users.reset_password'),
    ('support', 'accounts.users.reset_password'),
    ('superadmin', 'accounts.users.import'),
    ('superadmin', 'accounts.organisations.manage'),
    ('manager', 'accounts.organisations.manage')
  ) held (role, permission) on held.permission = added.name
on conflict do nothing;
