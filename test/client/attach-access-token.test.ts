import { RichClientError } from 'nice-grpc-error-details';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ServerError, Status, createChannel, createClientFactory, createServer } from 'nice-grpc';
import type { Channel } from 'nice-grpc';
import { RefreshRefusedError, attachAccessToken, authenticate, createTokenVerifier } from '../../src/client/client.ts';
import type { TokenStore, TokenVerifier } from '../../src/client/client.ts';
import { createRefreshOnce } from '../../src/client/refresh-once.ts';
import { systemDelay } from '../../src/clock.ts';
import { AuthServiceDefinition, LogoutScope } from '../../src/gen/auth/v1/auth_service.ts';
import type { AuthServiceClient } from '../../src/gen/auth/v1/auth_service.ts';
import { RevocationsServiceDefinition } from '../../src/gen/auth/v1/revocations_service.ts';
import type { TokenPair } from '../../src/gen/auth/v1/token.ts';
import { bearer, register } from '../support/people.ts';
import { refusalOf } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { decodeUnverified, signJws, signingKeyOf } from '../support/signing.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
let verifier: TokenVerifier;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
  verifier = createTokenVerifier({ address: service.address });
  await verifier.ready();
});
afterAll(async () => {
  await verifier?.close();
  await service?.stop();
  await database?.drop();
});

let channel: Channel;
beforeEach(() => {
  channel = createChannel(service.address);
});
afterEach(() => channel.close());

/** A store of one person's pair, and how often it was written. */
function storeOf(pair: TokenPair | null) {
  const kept = { pair, writes: 0 };
  return Object.assign(kept, {
    get: () => kept.pair,
    set(next: TokenPair) {
      kept.pair = next;
      kept.writes += 1;
    },
  });
}

const clientOf = (store: TokenStore) =>
  createClientFactory().use(attachAccessToken({ store, channel })).create(AuthServiceDefinition, channel);
const scope = LogoutScope.OTHER_SESSIONS;
const refreshes = () => service.logLines.filter(({ method }) => method === '/auth.v1.AuthService/Refresh').length;

/** The same pair with an access token whose time is over, though the client does not know it. */
async function expired(pair: TokenPair): Promise<TokenPair> {
  const { header, payload } = decodeUnverified(pair.accessToken);
  const [iat, exp] = [Math.floor(Date.now() / 1000) - 3600, Math.floor(Date.now() / 1000) - 1800];
  return { ...pair, accessToken: signJws(await signingKeyOf(database), header, { ...payload, iat, exp }) };
}

describe('A client with a pair of tokens', () => {
  it('shows its access token with each call', async () => {
    const { tokens } = await register(service);
    const store = storeOf(tokens);
    expect(await clientOf(store).logout({ scope })).toMatchObject({ endedSessions: 0 });
    expect(store.writes).toBe(0);
  });

  it('refreshes once for 8 parallel calls whose token has expired, and all succeed', async () => {
    const { tokens } = await register(service);
    const store = storeOf(await expired(tokens));
    const auth = clientOf(store);
    const before = refreshes();
    const answers = await Promise.all(Array.from({ length: 8 }, () => auth.logout({ scope })));
    expect(answers.map(({ endedSessions }) => endedSessions)).toEqual(answers.map(() => 0));
    expect(refreshes() - before).toBe(1);
    expect(store.writes).toBe(1);
    expect(store.pair?.refreshToken).not.toBe(tokens.refreshToken);
  });

  it('refreshes once for 8 parallel calls before the token ends, and no call is refused', async () => {
    const { tokens } = await register(service);
    const store = storeOf({ ...tokens, accessTokenExpireTime: new Date(Date.now() + 5000) });
    const auth = clientOf(store);
    const before = { refreshes: refreshes(), lines: service.logLines.length };
    await Promise.all(Array.from({ length: 8 }, () => auth.logout({ scope })));
    expect(refreshes() - before.refreshes).toBe(1);
    expect(service.logLines.slice(before.lines).filter(({ reason }) => reason !== undefined)).toEqual([]);
  });

  it('takes over the pair that another process has put into the store meanwhile', async () => {
    const { tokens } = await register(service);
    const old = await expired(tokens);
    let reads = 0;
    const before = refreshes();
    const store: TokenStore = { get: () => ((reads += 1) === 1 ? old : tokens), set: () => undefined };
    expect(await clientOf(store).logout({ scope })).toMatchObject({ endedSessions: 0 });
    expect(refreshes() - before).toBe(0);
  });

  it('is told that the session is over, once by the service and then without it, until it has logged in again', async () => {
    const person = await register(service);
    const store = storeOf(person.tokens);
    await service.auth.logout({}, bearer(person.tokens.accessToken));
    const auth = clientOf(store);
    const before = refreshes();
    for (let call = 0; call < 3; call++) {
      const error: unknown = await auth.logout({ scope }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(RefreshRefusedError);
      expect(error).toMatchObject({ reason: 'SESSION_ENDED' });
    }
    expect(refreshes() - before).toBe(1);

    const { tokens } = await service.auth.login({
      login: person.email || person.secondLogin,
      password: person.password,
    });
    store.pair = tokens ?? null;
    expect(await auth.logout({ scope })).toMatchObject({ endedSessions: 0 });
  });

  it('goes without a token where it has none', async () => {
    expect(await refusalOf(clientOf(storeOf(null)).logout({ scope }))).toMatchObject({ reason: 'TOKEN_MISSING' });
  });

  it('asks again for a refresh whose answer was lost, and is not logged out by it', async () => {
    const { tokens } = await register(service);
    const store = storeOf(tokens);
    let losses = 2;
    const losing: Pick<AuthServiceClient, 'refresh'> = {
      async refresh(request, options) {
        const answer = await service.auth.refresh(request, options);
        if ((losses -= 1) >= 0) throw new RichClientError('', Status.UNAVAILABLE, 'lost', []);
        return answer;
      },
    };
    const refreshOnce = createRefreshOnce({ auth: losing, store, delay: systemDelay });
    const successor = await refreshOnce(tokens.accessToken);
    expect(store.pair).toEqual(successor);
    // The successor is the session's, and good for the next refresh.
    expect(await clientOf(store).logout({ scope })).toMatchObject({ endedSessions: 0 });
    await service.auth.refresh({ refreshToken: successor.refreshToken });
  });
});

describe('A stream of a service that authenticates', () => {
  /** Serves the definition of WatchRevocations, which stands for any method with a stream of responses. */
  async function serve(breakAfter: number) {
    let opened = 0;
    const server = createServer().use(authenticate(verifier));
    server.add(RevocationsServiceDefinition, {
      async *watchRevocations(_request, { principal }) {
        opened += 1;
        for (let revision = 1; revision <= 3; revision++) {
          if (revision > breakAfter) throw new ServerError(Status.ABORTED, principal.userId);
          yield { revision };
        }
      },
    });
    const port = await server.listen('127.0.0.1:0');
    const own = createChannel(`127.0.0.1:${port}`);
    return {
      opened: () => opened,
      clientOf: (store: TokenStore) =>
        createClientFactory().use(attachAccessToken({ store, channel })).create(RevocationsServiceDefinition, own),
      stop() {
        own.close();
        server.forceShutdown();
      },
    };
  }

  async function read(stream: AsyncIterable<{ revision: number }>): Promise<number[]> {
    const revisions: number[] = [];
    for await (const { revision } of stream) revisions.push(revision);
    return revisions;
  }

  it('is opened again with a new token when it was refused', async () => {
    const served = await serve(3);
    const { tokens } = await register(service);
    const store = storeOf(await expired(tokens));
    expect(await read(served.clientOf(store).watchRevocations({}))).toEqual([1, 2, 3]);
    expect(store.writes).toBe(1);
    served.stop();
  });

  it('is not opened again once it has answered', async () => {
    const served = await serve(1);
    const { tokens } = await register(service);
    await expect(read(served.clientOf(storeOf(tokens)).watchRevocations({}))).rejects.toMatchObject({
      code: Status.ABORTED,
    });
    expect(served.opened()).toBe(1);
    served.stop();
  });
});
