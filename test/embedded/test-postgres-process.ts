import { startTestPostgres } from '../support/test-postgres.ts';

/* A test run of its own, for tests that interrupt it. Prints the pid of the server. */
const server = await startTestPostgres();
console.log(server.pid);
setInterval(() => undefined, 60_000);
