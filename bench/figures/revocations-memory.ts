import type { Figure, Place } from '../figure.ts';
import { median } from '../rounds/median.ts';
import { loadRevocations } from '../scene/load-revocations.ts';
import { settledMemory } from '../servers/resident-memory.ts';
import { startService } from '../servers/service.ts';
import type { Service } from '../servers/service.ts';

const REVOCATIONS = 1_000_000;
const ROUNDS = 2;
const BUSY_BATCHES = 600;

export const revocationsMemory: Figure = {
  name: 'revocations_memory_mb',
  about:
    'memory that one million live revocations take in a replica: resident with them, less resident without, both after 600 000 questions',
  atMost: 120,
  async measure(place) {
    const { addDatabase } = await place.servers();
    const full = await addDatabase('auth_full');
    const empty = await addDatabase('auth_empty');
    await loadRevocations(full.adminUrl, REVOCATIONS);

    const pairs: { withThem: Start; without: Start }[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const pair = {
        withThem: await start(place, full.DATABASE_URL, REVOCATIONS),
        without: await start(place, empty.DATABASE_URL, 0),
      };
      pairs.push(pair);
      const [a, b] = [pair.withThem, pair.without].map(({ megabytes }) => megabytes.toFixed(0));
      place.say(`${round} of ${ROUNDS}: ${a} MB with them, ${b} MB without`);
    }
    const differences = pairs.map(({ withThem, without }) => withThem.megabytes - without.megabytes);
    return {
      value: median(differences),
      unit: 'MB',
      spread: [Math.min(...differences), Math.max(...differences)],
      details: {
        resident_mb_with_them: median(pairs.map(({ withThem }) => withThem.megabytes)),
        resident_mb_without: median(pairs.map(({ without }) => without.megabytes)),
        load_s: median(pairs.map(({ withThem, without }) => withThem.seconds - without.seconds)),
      },
    };
  },
};

/**
 * Node's heap grows with the garbage that work makes, by more than 100 MB, and is not given back: a replica that has loaded a
 * million rows has grown, one that has done nothing has not. Both work first, so that what differs is what is kept.
 */
async function keepBusy({ auth }: Pick<Service, 'auth'>): Promise<void> {
  const accessTokens = Array.from({ length: 1000 }, (_, index) => `not.a.token-${index}`.padEnd(450, '-'));
  for (let batch = 0; batch < BUSY_BATCHES; batch++) await auth.batchValidateTokens({ accessTokens });
}

type Start = { readonly seconds: number; readonly megabytes: number };

async function start(place: Place, DATABASE_URL: string, revision: number): Promise<Start> {
  const begunAt = performance.now();
  const service = await startService(place, { settings: { DATABASE_URL } });
  const seconds = (performance.now() - begunAt) / 1000;
  try {
    const { revision: known } = await service.auth.validateToken({ accessToken: 'none' });
    if (known !== revision) throw new Error(`The replica knows revision ${known}, not ${revision}.`);
    await keepBusy(service);
    return { seconds, megabytes: await settledMemory(service.pid, service.failed) };
  } finally {
    await service.stop();
  }
}
