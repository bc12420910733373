import { closedLoop } from './closed-loop.ts';
import { drive } from './drive.ts';
import { openConnections } from './grpc-connections.ts';
import { toFrame } from './grpc-frames.ts';
import { countPrincipals } from './count-principals.ts';

/** Asks for batches of live tokens, each lane on a connection of its own. */
export type ValidateBatches = {
  readonly port: number;
  readonly lanes: number;
  readonly tokensPerBatch: number;
  readonly requests: readonly Uint8Array[];
};

const PATH = '/auth.v1.AuthService/BatchValidateTokens';

drive<ValidateBatches>(async ({ port, lanes, tokensPerBatch, requests }) => {
  const connections = openConnections(port, lanes);
  const frames = requests.map(toFrame);
  let next = 0;
  return closedLoop({
    lanes,
    async call(lane) {
      const connection = connections[lane];
      const frame = frames[next++ % frames.length];
      if (!connection || !frame) throw new Error('There is nothing to call.');
      const principals = countPrincipals(await connection(PATH, frame));
      if (principals !== tokensPerBatch) throw new Error(`A batch of live tokens has ${principals} principals.`);
    },
  });
});
