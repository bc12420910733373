/** Roles are rows, so the list is open: one that is not here is shown by its name. */
export const enRoles = {
  customer: 'Customer',
  driver: 'Driver',
  courier: 'Courier',
  executor_head: 'Head of executors',
  firm_head: 'Head of a firm',
  support: 'Support',
  manager: 'Manager',
  superadmin: 'Superadmin',
  guest: 'Guest',
};
