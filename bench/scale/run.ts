import path from 'node:path';
import type { Place } from '../figure.ts';
import { listCalls } from './calls.ts';
import { measure } from './measure.ts';
import { logPlans, scansDuring } from './plans.ts';
import { populate } from './populate.ts';
import { openSide } from './side.ts';

const FEW = 1000;
const MANY = 1_000_000;
/** How many times as long a call may take with a thousand times as many users. */
const BAR = 3;

/**
 * Calls every rpc of delegation and administration on a database with a thousand users and on one with a million: a line of
 * JSON for each. Then has the plans of all statements logged, and looks for one that reads a table that grows from end to end.
 * @returns whether none was over the bar, and none of the plans did
 */
export async function measureScale(place: Place): Promise<boolean> {
  const calls = listCalls();
  const { addDatabase } = await place.servers();
  const [few, many] = [await addDatabase('few'), await addDatabase('many')];
  await populate(few.adminUrl, FEW, place.say);
  await populate(many.adminUrl, MANY, place.say);

  const small = await openSide(place, few, FEW);
  const big = await openSide(place, many, MANY);
  let over = 0;
  for (const call of calls) {
    const { ms1k, ms1m, ratio } = await measure(call, small, big);
    if (ratio > BAR) over += 1;
    tell({ rpc: call.rpc, ms_1k: round(ms1k), ms_1m: round(ms1m), ratio: round(ratio), bar: BAR });
  }
  await Promise.all([small.stop(), big.stop()]);

  await logPlans(many);
  const explained = await openSide(place, many, MANY);
  let scanning = 0;
  for (const { rpc, prepare } of calls) {
    const call = await prepare(explained);
    const scans = await scansDuring(path.join(place.directory, 'servers', 'postgres.log'), call);
    if (scans.length === 0) continue;
    scanning += 1;
    tell({ rpc, scans });
  }
  tell({ rpcs: calls.length, over, scanning });
  return over === 0 && scanning === 0;
}

const tell = (line: object) => console.log(JSON.stringify(line));
const round = (value: number) => Number(value.toPrecision(3));
