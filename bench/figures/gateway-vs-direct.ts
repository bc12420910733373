import { findFreePort } from '../../src/embedded/free-port.ts';
import { GetJwksRequest } from '../../src/gen/auth/v1/keys_service.ts';
import { startDriver } from '../drivers/driver.ts';
import type { RepeatCalls } from '../drivers/repeat-calls.ts';
import type { RepeatWebCalls } from '../drivers/repeat-web-calls.ts';
import type { Figure } from '../figure.ts';
import { compare } from '../rounds/compare.ts';
import { startService } from '../servers/service.ts';

const CONNECTIONS = 8;
const CALLS_PER_CONNECTION = 10;

/** Answered out of memory, so that the way there and back is what is measured. */
const PATH = '/auth.v1.KeysService/GetJwks';
/** The tag of `keys`. */
const KEYS = 0x0a;

export const gatewayVsDirect: Figure = {
  name: 'gateway_vs_direct',
  about: 'GetJwks/s by gRPC-web through the gateway over GetJwks/s by gRPC, of one process; 80 calls at once',
  atLeast: 0.3,
  async measure(place) {
    const gatewayPort = await findFreePort();
    const { port, pid } = await startService(place, {
      settings: {
        GATEWAY_ADDRESS: `127.0.0.1:${gatewayPort}`,
        // Nobody is a service: both sides are counted by their address.
        LOCAL_CALLERS: 'off',
        PUBLIC_CALLS_PER_MINUTE: '1000000',
      },
    });
    const request = GetJwksRequest.encode({}).finish();
    const web = await startDriver<RepeatWebCalls>(place, {
      program: new URL('../drivers/repeat-web-calls.ts', import.meta.url),
      core: place.pinning.load,
      setup: {
        port: gatewayPort,
        path: PATH,
        // One call at a time on each, as browsers do it over HTTP/1.1.
        connections: CONNECTIONS * CALLS_PER_CONNECTION,
        request,
        firstByte: KEYS,
      },
    });
    const direct = await startDriver<RepeatCalls>(place, {
      program: new URL('../drivers/repeat-calls.ts', import.meta.url),
      core: place.pinning.load,
      setup: {
        port,
        path: PATH,
        connections: CONNECTIONS,
        callsPerConnection: CALLS_PER_CONNECTION,
        requests: [request],
        firstByte: KEYS,
      },
    });
    const { ratio, spread, perCoreRatio, measured, baseline } = await compare({
      measured: { name: 'gateway', driver: web, pid },
      baseline: { name: 'direct', driver: direct, pid },
      of: ({ perSecond }) => perSecond,
      warmUpSeconds: 4,
      seconds: 3,
      rounds: 7,
      say: place.say,
    });
    return {
      value: ratio,
      unit: 'ratio',
      spread,
      details: {
        by_processor_time: perCoreRatio,
        gateway_calls_per_second: measured.value,
        direct_calls_per_second: baseline.value,
        gateway_p50_ms: measured.p50,
        direct_p50_ms: baseline.p50,
        load_cores: measured.loadBusy,
        direct_load_cores: baseline.loadBusy,
      },
    };
  },
};
