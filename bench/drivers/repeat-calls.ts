import { closedLoop } from './closed-loop.ts';
import { drive } from './drive.ts';
import { openConnections } from './grpc-connections.ts';
import { toFrame } from './grpc-frames.ts';

/** Sends the same requests again and again and looks at the beginning of each answer. */
export type RepeatCalls = {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly callsPerConnection: number;
  readonly requests: readonly Uint8Array[];
  /** The first byte of a good answer: the tag of its first field. */
  readonly firstByte: number;
};

drive<RepeatCalls>(async (setup) => {
  const connections = openConnections(setup.port, setup.connections);
  const frames = setup.requests.map(toFrame);
  let next = 0;
  return closedLoop({
    lanes: setup.connections * setup.callsPerConnection,
    async call(lane) {
      const connection = connections[lane % connections.length];
      const frame = frames[next++ % frames.length];
      if (!connection || !frame) throw new Error('There is nothing to call.');
      const answer = await connection(setup.path, frame);
      if (answer[0] !== setup.firstByte) throw new Error(`${setup.path} gave another answer than it should.`);
    },
  });
});
