import { Metadata, status } from '@grpc/grpc-js';
import type {
  ServerDuplexStream,
  ServerErrorResponse,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  sendUnaryData,
} from '@grpc/grpc-js';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { ErrorInfo } from 'nice-grpc-error-details';
import { identify } from './identify.ts';
import type { AuthenticateOptions, Refused, Verify, WithOptionalPrincipal, WithPrincipal } from './identify.ts';
import { refusalStatus } from './refusal-status.ts';

type Who<Options> = Options extends { readonly optional: true } ? WithOptionalPrincipal : WithPrincipal;
type Required = { readonly optional?: false };

/**
 * Wraps a handler for plain @grpc/grpc-js, of any of the four kinds: it finds `principal` on its call, and is not reached by
 * calls without a live access token. Write the type of its call: `ServerUnaryCall<A, B> & WithPrincipal`.
 */
export function authenticateHandler<Request, Response, Options extends AuthenticateOptions = Required>(
  verifier: Verify,
  handler: (call: ServerUnaryCall<Request, Response> & Who<Options>, callback: sendUnaryData<Response>) => void,
  options?: Options,
): handleUnaryCall<Request, Response>;
export function authenticateHandler<Request, Response, Options extends AuthenticateOptions = Required>(
  verifier: Verify,
  handler: (call: ServerReadableStream<Request, Response> & Who<Options>, callback: sendUnaryData<Response>) => void,
  options?: Options,
): handleClientStreamingCall<Request, Response>;
export function authenticateHandler<Request, Response, Options extends AuthenticateOptions = Required>(
  verifier: Verify,
  handler: (call: ServerWritableStream<Request, Response> & Who<Options>) => void,
  options?: Options,
): handleServerStreamingCall<Request, Response>;
export function authenticateHandler<Request, Response, Options extends AuthenticateOptions = Required>(
  verifier: Verify,
  handler: (call: ServerDuplexStream<Request, Response> & Who<Options>) => void,
  options?: Options,
): handleBidiStreamingCall<Request, Response>;
export function authenticateHandler(
  verifier: Verify,
  handler: (call: never, callback: never) => void,
  options: AuthenticateOptions = {},
): (call: never, callback: never) => void {
  return (call: ServerUnaryCall<unknown, unknown>, callback?: sendUnaryData<unknown>) => {
    const refuse = (error: ServerErrorResponse) => {
      if (callback) callback(error);
      // What @grpc/grpc-js makes the status of a stream from.
      else call.emit('error', error);
    };
    const [header] = call.metadata.get('authorization');
    identify(verifier, typeof header === 'string' ? header : undefined, options)
      .then((identity) => {
        if ('principal' in identity) handler(Object.assign(call, identity) as never, callback as never);
        else refuse(toServiceError(identity));
      })
      // A defect, whose words are nobody's business; also of a handler that throws, which grpc-js would have caught.
      .catch(() =>
        refuse(Object.assign(new Error('Internal error.'), { code: status.INTERNAL, details: 'Internal error.' })),
      );
  };
}

/** With its details in the trailer, as google.rpc.Status. */
function toServiceError(identity: Refused): ServerErrorResponse {
  const { details, extra } = refusalStatus(identity);
  const code = 'problem' in identity ? status.UNAUTHENTICATED : status.UNAVAILABLE;
  const message = new BinaryWriter().uint32(8).int32(code).uint32(18).string(details);
  for (const detail of extra) {
    if (detail.$type !== ErrorInfo.$type) continue;
    const any = new BinaryWriter().uint32(10).string(`type.googleapis.com/${ErrorInfo.$type}`);
    any.uint32(18).bytes(ErrorInfo.encode(detail).finish());
    message.uint32(26).bytes(any.finish());
  }
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(message.finish()));
  return Object.assign(new Error(details), { code, details, metadata });
}
