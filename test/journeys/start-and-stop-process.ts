import { startApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/logger.ts';

/*
 * A service in a process of its own, which stops when its standard input ends. Nothing calls process.exit: what is left
 * open keeps the process, and its test sees that.
 */
const app = await startApp(loadConfig(JSON.parse(process.argv[2] ?? '{}')), createLogger('silent'));
process.stdout.write(`${app.address.port}\n`);
process.stdin.resume().once('end', () => void app.stop().then(() => process.stdout.write('stopped\n')));
