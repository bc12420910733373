import { createRegistry, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import type { DescMethod, JsonObject, JsonValue, Message } from '@bufbuild/protobuf';
import { ConnectError } from '@connectrpc/connect';
import { findTrailerError } from '@connectrpc/connect/protocol-grpc';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import * as grpcWeb from 'grpc-web';
import { file_accounts_v1_accounts_service } from '../../../src/gen/web/accounts/v1/accounts_service_pb.js';
import { file_auth_v1_auth_service } from '../../../src/gen/web/auth/v1/auth_service_pb.js';
import { file_auth_v1_sessions_service } from '../../../src/gen/web/auth/v1/sessions_service_pb.js';
import { file_accounts_v1_users_admin_service } from '../../../src/gen/web/accounts/v1/users_admin_service_pb.js';
import { ErrorInfoSchema, file_google_rpc_error_details } from '../../../src/gen/web/google/rpc/error_details_pb.js';
import { createProvedFetch } from './proofs.ts';

/** What runs in a page of a test: calls, by the clients that front ends use. */

export type CallOfPage = {
  readonly url: string;
  readonly client:
    'grpc-web, binary' | 'grpc-web, text' | 'connect-web, gRPC-web' | 'connect-web, Connect' | 'connect-web, JSON';
  /** `auth.v1.AuthService/Login` */
  readonly method: string;
  readonly request: JsonValue;
  readonly headers?: Record<string, string>;
  /** Cookies, with proofs of the browser's key (ADR 0017). */
  readonly withCookies?: boolean;
};

export type OutcomeInPage =
  | { readonly response: JsonObject }
  | { readonly failed: string; readonly code: string | number; readonly reason: string | null };

const provedFetch = createProvedFetch();

const registry = createRegistry(
  ...[file_auth_v1_auth_service, file_auth_v1_sessions_service, file_accounts_v1_accounts_service],
  ...[file_accounts_v1_users_admin_service, file_google_rpc_error_details],
);

async function call({ url, client, method, request, headers = {}, withCookies = false }: CallOfPage) {
  const desc = methodOf(method);
  const message = fromJson(desc.input, request, { registry });
  try {
    const response =
      client === 'grpc-web, binary' || client === 'grpc-web, text'
        ? await callByGrpcWeb(url, client, desc, message, headers)
        : await callByConnect(url, client, desc, message, headers, withCookies);
    return { response: toJson(desc.output, response, { registry }) };
  } catch (error) {
    return error instanceof grpcWeb.RpcError ? ofRpcError(error) : ofConnectError(ConnectError.from(error));
  }
}

function methodOf(path: string): DescMethod {
  const [service = '', name] = path.split('/');
  const method = registry.getService(service)?.methods.find((each) => each.name === name);
  if (!method) throw new Error(`There is no ${path}.`);
  return method;
}

async function callByConnect(
  url: string,
  client: Exclude<CallOfPage['client'], `grpc-web, ${string}`>,
  desc: DescMethod,
  message: Message,
  headers: Record<string, string>,
  withCookies: boolean,
): Promise<Message> {
  const options = { baseUrl: url, ...(withCookies ? { fetch: provedFetch } : {}) };
  const transport =
    client === 'connect-web, gRPC-web'
      ? createGrpcWebTransport(options)
      : createConnectTransport({ ...options, useBinaryFormat: client === 'connect-web, Connect', useHttpGet: true });
  return (await transport.unary(desc as never, undefined, undefined, headers, message)).message;
}

/** As a front end without Connect does it: Google's client, and messages of whatever library. */
async function callByGrpcWeb(
  url: string,
  client: string,
  desc: DescMethod,
  message: Message,
  headers: Record<string, string>,
) {
  const path = `/${desc.parent.typeName}/${desc.name}`;
  const descriptor = new grpcWeb.MethodDescriptor<Message, Message>(
    path,
    'unary',
    Object as never,
    Object as never,
    (request: Message) => toBinary(desc.input, request),
    (bytes: Uint8Array) => fromBinary(desc.output, bytes),
  );
  return await new grpcWeb.GrpcWebClientBase({ format: client === 'grpc-web, text' ? 'text' : 'binary' }).unaryCall(
    `${url}${path}`,
    message,
    headers,
    descriptor,
  );
}

function ofConnectError(error: ConnectError): OutcomeInPage {
  const [info] = error.findDetails(ErrorInfoSchema);
  return { failed: error.rawMessage, code: error.code, reason: info?.reason ?? null };
}

function ofRpcError({ message, code, metadata }: grpcWeb.RpcError): OutcomeInPage {
  // What the status has beside its text is for whoever reads it; the client hands it out as it came.
  const error = findTrailerError(new Headers({ ...metadata, 'grpc-status': String(code) }));
  return error ? ofConnectError(error) : { failed: message, code, reason: null };
}

Object.assign(globalThis, { call });
