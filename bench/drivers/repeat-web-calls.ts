import { closedLoop } from './closed-loop.ts';
import { drive } from './drive.ts';
import { toFrame } from './grpc-frames.ts';
import { openWebConnections } from './web-connections.ts';

/** Sends one request by gRPC-web again and again and looks at the beginning of each answer. */
export type RepeatWebCalls = {
  readonly port: number;
  readonly path: string;
  /** HTTP/1.1 has one call at a time on each. */
  readonly connections: number;
  readonly request: Uint8Array;
  /** The first byte of a good answer: the tag of its first field. */
  readonly firstByte: number;
};

drive<RepeatWebCalls>(async ({ port, path, connections, request, firstByte }) => {
  const lanes = openWebConnections(port, path, connections);
  const frame = toFrame(request);
  return closedLoop({
    lanes: connections,
    async call(lane) {
      const answer = await lanes[lane]?.(frame);
      if (answer?.[0] !== firstByte) throw new Error(`${path} gave another answer than it should.`);
    },
  });
});
