import { startPostgresServer } from '../../src/embedded/postgres-server.ts';

/*
 * A process of its own that starts a server and lives on, for tests that kill it. Prints one line of JSON.
 * Arguments: data directory, superuser password, log file.
 */
const [dataDir = '', superuserPassword = '', logFile = ''] = process.argv.slice(2);
const server = await startPostgresServer({ dataDir, superuserPassword, logFile });
console.log(JSON.stringify({ pid: server.pid, url: server.connectionString('postgres') }));
setInterval(() => undefined, 60_000);
