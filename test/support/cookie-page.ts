import { randomUUID } from 'node:crypto';
import { parseSetCookie, stringifyCookie } from 'cookie';
import * as dpop from 'dpop';
import { SignJWT, exportJWK } from 'jose';

/** A page of a front end: what a browser does with cookies, a key, and calls in JSON. */
export type CookiePage = Awaited<ReturnType<typeof openCookiePage>>;

/** JSON as Connect has it: of a call that hands out tokens, or of a refusal. */
type WebBody = {
  readonly tokens: { readonly accessToken: string; readonly refreshToken?: string; readonly sessionId: string };
  readonly deviceToken?: string;
  readonly reason?: string;
  readonly details?: readonly { readonly type: string; readonly debug: ErrorDetail }[];
};
type ErrorDetail = {
  readonly reason?: string;
  readonly fieldViolations?: readonly { readonly field: string }[];
};

/** What has come back of a call. */
export type WebAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: WebBody;
  /** The reason of a refusal, and the fields that it names. */
  readonly reason: string | undefined;
  readonly fields: readonly string[];
};

type Options = {
  /** Added to what a page sends; null leaves a header out. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** null: none; made with the page's key by default. */
  readonly proof?: string | null;
};

/** @param keyPair another page's key, in a browser that has it */
export async function openCookiePage(url: string, keyPair?: dpop.KeyPair) {
  const keys = keyPair ?? (await dpop.generateKeyPair('ES256'));
  const jar = new Map<string, string>();

  /** Like a browser's: with the cookies and the origin, and it keeps what it is given. */
  const pageFetch: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    if (!headers.has('origin')) headers.set('origin', url);
    if (!headers.has('cookie') && jar.size > 0) headers.set('cookie', stringifyCookie(Object.fromEntries(jar)));
    for (const [key, value] of [...headers]) if (value === 'none') headers.delete(key);
    const answer = await fetch(input, { ...init, headers });
    for (const { name, value, maxAge } of answer.headers.getSetCookie().map((line) => parseSetCookie(line))) {
      if (maxAge === 0) jar.delete(name);
      else jar.set(name, value ?? '');
    }
    return answer;
  };

  /** A proof for the call; with a clock that is off by so many seconds. */
  async function prove(path: string, nonce?: string, clockIsOffBy = 0): Promise<string> {
    if (clockIsOffBy === 0) return await dpop.generateProof(keys, url + path, 'POST', nonce);
    return await new SignJWT({ htm: 'POST', htu: url + path, jti: randomUUID(), ...(nonce ? { nonce } : {}) })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: await exportJWK(keys.publicKey) })
      .setIssuedAt(Math.floor(Date.now() / 1000) + clockIsOffBy)
      .sign(keys.privateKey);
  }

  async function call(method: string, message: object = {}, { headers = {}, proof }: Options = {}): Promise<WebAnswer> {
    const path = `/${method}`;
    const shown = proof === undefined ? await prove(path) : proof;
    const sent = { 'content-type': 'application/json', 'x-token-transport': 'cookie', dpop: shown, ...headers };
    const response = await pageFetch(url + path, {
      method: 'POST',
      headers: Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, value ?? 'none'])),
      body: JSON.stringify(message),
    });
    const body = (await response.json()) as WebBody;
    const detail = (type: string) => body.details?.find((each) => each.type === type)?.debug;
    return {
      status: response.status,
      headers: response.headers,
      body,
      reason: detail('google.rpc.ErrorInfo')?.reason ?? body.reason,
      fields: (detail('google.rpc.BadRequest')?.fieldViolations ?? []).map(({ field }) => field),
    };
  }

  return {
    jar,
    keys,
    call,
    prove,
    fetch: pageFetch,
    /** The refresh token in the cookie. */
    token: () => jar.get('__Host-refresh_token') ?? '',
    refresh: (options?: Options) => call('auth.v1.AuthService/Refresh', {}, options),
    /** Begins a session without what makes a login slow: the hash. */
    startGuestSession: (options?: Options) =>
      call('auth.v1.AuthService/StartGuestSession', { interface: 'customer' }, options),
  };
}
