import { drive } from './drive.ts';
import { openConnections } from './grpc-connections.ts';
import { toFrame } from './grpc-frames.ts';
import { openLoop } from './open-loop.ts';

/** Sends the same requests again and again, so many a second, and looks at the beginning of each answer. */
export type ValidateAtRate = {
  readonly port: number;
  readonly connections: number;
  readonly perSecond: number;
  readonly requests: readonly Uint8Array[];
  /** The first byte of a good answer: the tag of its first field. */
  readonly firstByte: number;
};

const PATH = '/auth.v1.AuthService/ValidateToken';

drive<ValidateAtRate>(async ({ port, connections: count, perSecond, requests, firstByte }) => {
  const connections = openConnections(port, count);
  const frames = requests.map(toFrame);
  return openLoop({
    perSecond,
    async call(index) {
      const connection = connections[index % count];
      const frame = frames[index % frames.length];
      if (!connection || !frame) throw new Error('There is nothing to call.');
      const answer = await connection(PATH, frame);
      if (answer[0] !== firstByte) throw new Error(`${PATH} gave another answer than it should.`);
    },
  });
});
