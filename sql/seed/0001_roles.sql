-- Contact types, interfaces, roles, who may take which role where, and who may give it. Applied after every migration,
-- and safe to apply again: rows that exist are left as an administrator made them.

-- Another type is a row here, with the form of its contacts, and a channel (MESSAGE_WEBHOOK_URL takes any):
-- ('telegram', 'Telegram', true, true, 'telegram', '^@[a-z0-9_]{5,32}$')
insert into accounts.contact_types (name, title, is_exclusive, needs_confirmation, channel, pattern) values
  ('second_login', 'Login name', true, false, null, null),
  ('email', 'E-mail', false, true, 'email', null),
  ('phone', 'Phone', true, true, 'sms', null)
on conflict do nothing;

insert into accounts.interfaces (name, title) values
  ('customer', 'Customers'),
  ('driver', 'Drivers'),
  ('courier', 'Couriers'),
  ('executor_head', 'Heads of drivers and couriers'),
  ('firm_head', 'Heads of firms'),
  ('staff', 'Staff')
on conflict do nothing;

insert into accounts.user_groups (name, title, level, listing, grant_scope, interface) values
  ('superadmin', 'Superadmin', 100, 'all', 'anyone', 'staff'),
  ('manager', 'Manager', 80, 'all', 'anyone', 'staff'),
  ('support', 'Support', 60, 'all', 'anyone', 'staff'),
  ('executor_head', 'Head of drivers and couriers', 50, 'assignable', 'organisation', 'executor_head'),
  ('firm_head', 'Head of a firm', 50, 'assignable', 'organisation', 'firm_head'),
  ('order_desk', 'Order desk', 20, 'own', 'anyone', 'firm_head'),
  ('waybill_desk', 'Waybill desk', 20, 'own', 'anyone', 'firm_head'),
  ('grocery_shop', 'Grocery shop', 20, 'own', 'anyone', 'firm_head'),
  ('driver', 'Driver', 10, 'own', 'anyone', 'driver'),
  ('courier', 'Courier', 10, 'own', 'anyone', 'courier'),
  ('customer', 'Customer', 10, 'own', 'anyone', 'customer')
on conflict do nothing;

-- Only with the role: an interface that an administrator has closed to guests stays closed.
with added as (
  insert into accounts.user_groups (name, title, level, listing, interface)
  values ('guest', 'Guest', 0, 'own', 'customer')
  on conflict do nothing
  returning name
)
update accounts.interfaces i set guest_role = added.name from added where i.name = 'customer';

insert into accounts.user_group_registrations (interface, group_name, is_default) values
  ('customer', 'customer', true),
  ('driver', 'driver', true),
  ('courier', 'courier', true),
  ('executor_head', 'executor_head', true),
  ('firm_head', 'firm_head', true)
on conflict do nothing;

insert into accounts.user_group_grants (granter, grantee) values
  ('superadmin', 'superadmin'), ('superadmin', 'manager'), ('superadmin', 'support'),
  ('superadmin', 'executor_head'), ('superadmin', 'firm_head'),
  ('superadmin', 'order_desk'), ('superadmin', 'waybill_desk'), ('superadmin', 'grocery_shop'),
  ('superadmin', 'driver'), ('superadmin', 'courier'), ('superadmin', 'customer'),
  ('manager', 'support'), ('manager', 'executor_head'), ('manager', 'firm_head'),
  ('manager', 'order_desk'), ('manager', 'waybill_desk'), ('manager', 'grocery_shop'),
  ('manager', 'driver'), ('manager', 'courier'), ('manager', 'customer'),
  ('executor_head', 'driver'), ('executor_head', 'courier'),
  ('firm_head', 'order_desk'), ('firm_head', 'waybill_desk'), ('firm_head', 'grocery_shop')
on conflict do nothing;
