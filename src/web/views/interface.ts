/** Which front end this is, for the roles that a new account gets. */
export const INTERFACE = 'customer';
