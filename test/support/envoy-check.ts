import { readFile } from 'node:fs/promises';
import { createFileRegistry, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { JsonValue } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Client, Metadata, credentials } from '@grpc/grpc-js';
import type { Asked, Seen } from './checked-requests.ts';

type Options = readonly { readonly header: { key: string; value: string }; readonly appendAction: string }[];

/** What Envoy gets to read, as JSON has it. */
type CheckAnswer = {
  readonly status: { readonly code?: number };
  readonly okResponse?: { readonly headers?: Options; readonly headersToRemove?: readonly string[] };
  readonly deniedResponse?: { readonly status: { code: string }; readonly headers?: Options; readonly body: string };
};

const CODES: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  InternalServerError: 500,
  ServiceUnavailable: 503,
};

/** Asks as Envoy does: grpc-js alone, messages by their descriptors, none of our generated code. */
export async function connectAsEnvoy(address: string, credential: string) {
  const descriptors = await readFile(new URL('../../src/gen/served.binpb', import.meta.url));
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  const check = registry.getService('envoy.service.auth.v3.Authorization')?.method['check'];
  if (!check) throw new Error('Envoy has no Check.');
  const client = new Client(address, credentials.createInsecure());
  const metadata = new Metadata();
  if (credential !== '') metadata.set('x-service-credential', credential);

  return {
    check: (request: JsonValue) =>
      new Promise<CheckAnswer>((resolve, reject) => {
        client.makeUnaryRequest(
          `/${check.parent.typeName}/${check.name}`,
          (message: JsonValue) => Buffer.from(toBinary(check.input, fromJson(check.input, message))),
          (bytes) => toJson(check.output, fromBinary(check.output, bytes), { registry }) as unknown as CheckAnswer,
          request,
          metadata,
          (error, answer) => (answer ? resolve(answer) : reject(error as Error)),
        );
      }),
    close: () => client.close(),
  };
}

/** How Envoy describes a request; with `encode_raw_headers` its headers are bytes. */
export function describeRequest({ method = 'GET', headers = {}, options = {} }: Asked, isRaw = false): JsonValue {
  const rawHeaders = Object.entries(headers).map(([key, value]) => ({
    key,
    rawValue: Buffer.from(value).toString('base64'),
  }));
  const http = { method, path: '/orders/1', ...(isRaw ? { headerMap: { headers: rawHeaders } } : { headers }) };
  return { attributes: { request: { http }, contextExtensions: options } };
}

const IDENTITY = /^x-(user-id|session-id|user-roles|auth-revision)$/;

/** What Envoy makes of a request by the answer: it sets, and removes after that. */
function applyToRequest({ okResponse }: CheckAnswer, sent: Readonly<Record<string, string>>) {
  const headers = new Map(Object.entries(sent));
  for (const { header, appendAction } of okResponse?.headers ?? []) {
    if (appendAction !== 'OVERWRITE_IF_EXISTS_OR_ADD') throw new Error(`${header.key} would not be overwritten.`);
    headers.set(header.key, header.value);
  }
  for (const name of okResponse?.headersToRemove ?? []) headers.delete(name);
  return Object.fromEntries([...headers].filter(([key]) => IDENTITY.test(key)));
}

/** In the words of the table. The revision, which differs, is left out where there is one. */
export function seenIn(answer: CheckAnswer, { headers = {} }: Asked): Seen {
  const { deniedResponse } = answer;
  if (!deniedResponse) {
    const { 'x-auth-revision': revision, ...identity } = applyToRequest(answer, headers);
    const isNobody = Object.keys(identity).length === 0;
    if (isNobody ? revision !== undefined : !/^\d+$/.test(revision ?? ''))
      throw new Error(`The revision is ${revision}.`);
    return { status: 200, identity };
  }
  const { reason, message } = JSON.parse(deniedResponse.body) as { reason: string; message: string };
  if (message === '') throw new Error('A refusal says nothing.');
  const shown = new Map(deniedResponse.headers?.map(({ header }) => [header.key, header.value]));
  return {
    status: CODES[deniedResponse.status.code] ?? 0,
    reason,
    challenge: challengeOf(shown.get('www-authenticate')),
  };
}

/** The error of a challenge (RFC 6750, section 3); empty: the scheme alone. */
export function challengeOf(header: string | null | undefined): string | undefined {
  if (header === null || header === undefined) return undefined;
  const [, error = ''] = /^Bearer(?: error="([a-z_]+)", error_description="[^"\\]+")?$/.exec(header) ?? [
    null,
    'no challenge',
  ];
  return error;
}
