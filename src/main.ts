import { readEnvironment } from './config/environment.ts';
import { migrate } from './db/migrate.ts';
import { StartProblem } from './errors/start-problem.ts';
import { startEmbedded } from './embedded/start-embedded.ts';
import { runUntilSignal } from './run-until-signal.ts';
import { serve } from './serve.ts';

/**
 * `main.ts` serves: with DATABASE_URL from the environment's settings, without it on an embedded PostgreSQL in `.data/`.
 * `main.ts migrate` brings the database of DATABASE_OWNER_URL up to date and ends.
 */
const [command = 'serve'] = process.argv.slice(2);
const environment = readEnvironment();

await runUntilSignal(async () => {
  switch (command) {
    case 'serve': {
      if (!environment['DATABASE_URL'])
        return await startEmbedded({ dataDir: '.data', environment, print: console.log });
      return await serve(environment);
    }
    case 'migrate': {
      const ownerUrl = environment['DATABASE_OWNER_URL'];
      if (!ownerUrl || !URL.canParse(ownerUrl))
        throw new TypeError('DATABASE_OWNER_URL must be set to a postgres:// URL.');
      const { migrations, files } = await migrate(ownerUrl).catch((cause: unknown) => {
        throw new StartProblem(`The migration failed: ${(cause as Error).message}`, { cause });
      });
      console.log(`Applied ${migrations.length} migrations and ${files.length} functions and seed files.`);
      return null;
    }
    default:
      throw new TypeError(`There is no command ${command}; there are serve and migrate.`);
  }
});
