import { connect } from 'node:http2';
import type { IncomingHttpHeaders } from 'node:http2';

/** A gRPC call by hand, message by message, for what no client does. */
export function openRawCall(port: number, path: string) {
  const session = connect(`http://127.0.0.1:${port}`).on('error', () => undefined);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const received: string[] = [];
  const ended = new Promise<string>((resolve) => {
    const read = ({ 'grpc-status': status }: IncomingHttpHeaders) => {
      if (typeof status === 'string') resolve(status);
    };
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('error', (error: Error) => resolve(error.message));
  });
  let rest: Buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1);
      received.push(rest.toString('utf8', 5, end));
      rest = rest.subarray(end);
    }
  });
  return {
    /** The messages that have come, as text. */
    received,
    /** The status at the end. */
    ended,
    send(text: string) {
      const frame = Buffer.alloc(5 + Buffer.byteLength(text));
      frame.writeUInt32BE(frame.length - 5, 1);
      frame.write(text, 5);
      stream.write(frame);
    },
    end: () => stream.end(),
    cancel: () => stream.close(8),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    close: () => session.destroy(),
  };
}
