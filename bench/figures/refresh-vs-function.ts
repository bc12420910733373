import { randomBytes } from 'node:crypto';
import type { ConsumeTokens } from '../drivers/consume-tokens.ts';
import { startDriver } from '../drivers/driver.ts';
import type { RefreshSessions } from '../drivers/refresh-sessions.ts';
import type { Figure } from '../figure.ts';
import { createRefreshTokens, hashRefreshToken } from '../../src/tokens/refresh-token.ts';
import { deriveSubkey } from '../../src/tokens/subkey.ts';
import { compare } from '../rounds/compare.ts';
import { openSessions } from '../scene/open-sessions.ts';
import { registerPeople } from '../scene/register-people.ts';
import { startService } from '../servers/service.ts';

const SESSIONS = 2000;
const CONNECTIONS = 8;
const CALLS_PER_CONNECTION = 10;

export const refreshVsFunction: Figure = {
  name: 'refresh_vs_function',
  about:
    'Refresh/s over calls/s of auth.consume_refresh_token through pg, with a pool of the same size on the same core',
  atLeast: 0.6,
  async measure(place) {
    const service = await startService(place);
    const { config } = service;
    const [person] = await registerPeople(service.auth, 1);
    if (!person) throw new Error('Nobody has registered.');

    const { userId } = person;
    const tokens = createRefreshTokens({
      token: deriveSubkey(config.MASTER_KEY, 'refresh-token'),
      salt: deriveSubkey(config.MASTER_KEY, 'refresh-token-salt'),
    });
    const refreshTokens: string[] = [];
    const issueFirst = (sessionId: string) => {
      const token = tokens.first(sessionId);
      refreshTokens.push(token.text);
      return hashRefreshToken(token);
    };
    await openSessions({ config, userId, count: SESSIONS, firstHash: issueFirst });
    const hashes = Array.from({ length: 1000 }, () => randomBytes(32).toString('hex'));
    const sessionIds = await openSessions({ config, userId, count: SESSIONS, firstHash: () => hashes[0] ?? '' });

    const refresh = await startDriver<RefreshSessions>(place, {
      program: new URL('../drivers/refresh-sessions.ts', import.meta.url),
      core: place.pinning.load,
      setup: { port: service.port, connections: CONNECTIONS, callsPerConnection: CALLS_PER_CONNECTION, refreshTokens },
    });
    const consume = await startDriver<ConsumeTokens>(place, {
      program: new URL('../drivers/consume-tokens.ts', import.meta.url),
      core: place.pinning.measured,
      setup: {
        databaseUrl: config.DATABASE_URL,
        poolSize: config.DATABASE_POOL_SIZE,
        lanes: CONNECTIONS * CALLS_PER_CONNECTION,
        sessionIds,
        hashes,
      },
    });
    const { ratio, spread, measured, baseline } = await compare({
      measured: { name: 'Refresh', driver: refresh, pid: service.pid },
      baseline: { name: 'function', driver: consume, pid: consume.pid },
      of: ({ perSecond }) => perSecond,
      warmUpSeconds: 4,
      seconds: 4,
      rounds: 7,
      say: place.say,
    });
    return {
      value: ratio,
      unit: 'ratio',
      spread,
      details: {
        refreshes_per_second: measured.value,
        function_calls_per_second: baseline.value,
        service_cores: measured.busy,
        service_cpu_us_per_call: (measured.busy / measured.value) * 1e6,
        function_cpu_us_per_call: (baseline.busy / baseline.value) * 1e6,
        load_cores: measured.loadBusy,
      },
    };
  },
};
