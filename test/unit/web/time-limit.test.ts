import { createClient } from '@connectrpc/connect';
import { afterEach, expect, it, vi } from 'vitest';
import { SessionsService } from '../../../src/gen/web/auth/v1/sessions_service_pb.js';
import { createTransport } from '../../../src/web/session/transports.ts';

afterEach(() => vi.restoreAllMocks());

it('Each attempt of a call has its own time: one that is repeated after a pause begins anew', async () => {
  const limits: AbortController[] = [];
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
    limits.push(new AbortController());
    return limits.at(-1)!.signal;
  });
  const seen: { isOver: boolean; timeout: string | null }[] = [];
  const answer = new Uint8Array([
    0,
    0,
    0,
    0,
    0,
    0x80,
    0,
    0,
    0,
    15,
    ...Buffer.from('grpc-status: 0\r\n').subarray(0, 15),
  ]);
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (_url, init) => {
    const timeout = new Headers(init?.headers).get('grpc-timeout');
    seen.push({ isOver: init?.signal?.aborted ?? false, timeout });
    if (seen.length === 1) throw new Error('lost');
    return new Response(answer, { headers: { 'content-type': 'application/grpc-web+proto' } });
  });
  const transport = createTransport(
    { origin: 'https://auth.example.com', acceptLanguage: (next) => next, proofs: (next) => next },
    [
      (next) => async (request) => {
        await next(request).catch(() => limits[0]?.abort());
        return await next(request);
      },
    ],
  );
  await createClient(SessionsService, transport).listSessions({});
  expect(seen).toEqual(Array.from({ length: 2 }, () => ({ isOver: false, timeout: '20000m' })));
  expect(limits).toHaveLength(2);
});
