import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { findFreePort } from '../../src/embedded/free-port.ts';
import type { Figure, Place } from '../figure.ts';
import { startNodeProcess } from '../servers/node-process.ts';
import { untilServing } from '../servers/until-serving.ts';

export const startSeconds: Figure = {
  name: 'start_seconds',
  about: 'from the command of the embedded default to SERVING: the first start in an empty directory, and the second',
  async measure(place) {
    // A directory nobody has used: `.data` is made in it.
    const workingDirectory = await mkdtemp(path.join(place.directory, 'embedded-'));
    const first = await timeStart(place, workingDirectory);
    const second = await timeStart(place, workingDirectory);
    return { value: first, unit: 's', details: { first_start_s: first, second_start_s: second } };
  },
};

async function timeStart(place: Place, workingDirectory: string): Promise<number> {
  const port = await findFreePort();
  const startedAt = performance.now();
  const service = startNodeProcess({
    ...place,
    program: new URL('../../src/main.ts', import.meta.url),
    core: null,
    settings: { LISTEN_ADDRESS: `127.0.0.1:${port}`, GATEWAY_ADDRESS: '127.0.0.1:0' },
    workingDirectory,
  });
  await untilServing(port, service.failed);
  const seconds = (performance.now() - startedAt) / 1000;
  await service.stop();
  return seconds;
}
