import { startCluster } from '../cluster.ts';
import type { Scenario } from '../scenario.ts';
import { createLedger } from '../traffic/ledger.ts';
import { createTokenSupply } from '../traffic/token-supply.ts';
import { startValidators } from '../traffic/validators.ts';

type Size = { readonly logouts: number };

const AT_ONCE = 32;
const BATCH = 500;
const VALIDATORS = 8;

/** No fault at all: logouts as fast as they go, each checked at once on the other replica, while eight others validate. */
export const logoutsEverywhere: Scenario<Size> = async ({ logouts }, { scope, random, say }) => {
  const { postgres, replicas } = await startCluster(scope, { lease: 1000 });
  const [first, second] = replicas;
  if (!first || !second) throw new Error('Two replicas are needed.');
  const ledger = createLedger();
  const supply = await createTokenSupply({ auth: first.auth() }, postgres);
  const live = (await supply.take(100)).map(ledger.hold);
  const stopValidators = startValidators({ count: VALIDATORS, replicas, ledger, live, random, pause: 0 });

  const begin = performance.now();
  let begun = 0;
  let stock: string[] = [];
  let filling: Promise<void> | undefined;
  const next = async () => {
    while (stock.length === 0) {
      filling ??= supply.take(BATCH).then((tokens) => {
        stock = tokens;
        filling = undefined;
      });
      await filling;
    }
    return stock.pop() ?? '';
  };
  async function logOutAndCheck(): Promise<void> {
    while (begun < logouts) {
      const turn = (begun += 1);
      if (turn % 5000 === 0) say(`${turn} logouts`);
      const token = ledger.hold(await next());
      const [revoker, other] = turn % 2 === 0 ? [first!, second!] : [second!, first!];
      if (await ledger.logOut(revoker, token)) await ledger.ask(other, token);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, logOutAndCheck));
  const seconds = (performance.now() - begin) / 1000;
  await stopValidators();
  const afterwards = ledger.counts();
  for (const replica of replicas) await ledger.askAboutAll(replica);

  return {
    counts: {
      ...ledger.counts(),
      validations_meanwhile: afterwards['validations'] ?? 0,
      validation_p99_ms: Math.round(ledger.validationTime(99)),
      logouts_per_second: Math.round(logouts / seconds),
    },
    problems: ledger.problems(),
  };
};
