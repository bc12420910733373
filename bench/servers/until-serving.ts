import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createChannel, createClient } from 'nice-grpc';
import { HealthDefinition } from 'nice-grpc-server-health';

/** grpc.health.v1; the package does not give the name out. */
const SERVING = 1;
const LOOK_EVERY_MS = 10;
const GIVE_UP_MS = 120_000;

/** Resolves when the health check of a local server answers SERVING. */
export async function untilServing(port: number, failed: Promise<never>): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    if (await Promise.race([isServing(port), failed])) return;
    if (performance.now() > deadline) throw new Error(`Nothing serves on port ${port} after ${GIVE_UP_MS / 1000} s.`);
    await delay(LOOK_EVERY_MS);
  }
}

async function isServing(port: number): Promise<boolean> {
  // A channel that was refused once waits a second before it tries again: ask for the port first.
  if (!(await isListening(port))) return false;
  const channel = createChannel(`127.0.0.1:${port}`);
  try {
    const answer = await createClient(HealthDefinition, channel).check({ service: '' });
    const status: number = answer.status;
    return status === SERVING;
  } catch {
    return false;
  } finally {
    channel.close();
  }
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
