import { Metadata } from '@grpc/grpc-js';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { Metadata as ReadMetadata } from 'nice-grpc';
import { describe, expect, it } from 'vitest';
import { passVerifiedSans, verifiedSans } from '../../../src/grpc/verified-sans.ts';

/** What middleware reads of a connection with such a certificate, when its client sent this metadata. */
async function namesOf(subjectaltname: string | undefined, sent: Record<string, string> = {}) {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(sent)) metadata.set(key, value);
  const passed = await new Promise<Metadata>((resolve) => {
    const below = {
      getAuthContext: () => (subjectaltname === undefined ? {} : { sslPeerCertificate: { subjectaltname } }),
      start: (listener: { onReceiveMetadata: (metadata: Metadata) => void }) => listener.onReceiveMetadata(metadata),
    } as unknown as ServerInterceptingCallInterface;
    passVerifiedSans({} as never, below).start({
      onReceiveMetadata: resolve,
      onReceiveMessage: () => undefined,
      onReceiveHalfClose: () => undefined,
      onCancel: () => undefined,
    });
  });
  return verifiedSans(ReadMetadata(passed.getMap() as Record<string, string>));
}

describe('The names of a verified certificate', () => {
  it.each([
    ['DNS:orders.internal', ['orders.internal']],
    ['URI:spiffe://internal/orders', ['spiffe://internal/orders']],
    ['DNS:a.internal, URI:spiffe://b, IP Address:10.0.0.1', ['a.internal', 'spiffe://b', '10.0.0.1']],
    ['URI:"http://x\\u002c DNS:orders.internal", DNS:a.internal', ['a.internal']],
    ['DNS:имя.internal, DNS:a.internal', ['a.internal']],
    ['', []],
    [undefined, []],
  ])('%s', async (text, names) => {
    expect(await namesOf(text)).toEqual(names);
    expect(await namesOf(text, { 'x-verified-san': 'forged.internal' })).toEqual(names);
  });
});
