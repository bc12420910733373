import { RefreshOutcome, RefreshRequest, RefreshResponse } from '../../src/gen/auth/v1/auth_service.ts';
import { closedLoop } from './closed-loop.ts';
import { drive } from './drive.ts';
import { openConnections } from './grpc-connections.ts';
import { toFrame } from './grpc-frames.ts';

/** Refreshes sessions in turn, each by its newest token. */
export type RefreshSessions = {
  readonly port: number;
  readonly connections: number;
  readonly callsPerConnection: number;
  readonly refreshTokens: readonly string[];
};

drive<RefreshSessions>(async (setup) => {
  const connections = openConnections(setup.port, setup.connections);
  // The newest token of each session that is not being refreshed. Taken out meanwhile, because a slow call can be lapped.
  const idle = [...setup.refreshTokens];
  return closedLoop({
    lanes: setup.connections * setup.callsPerConnection,
    async call(lane) {
      const [connection, refreshToken] = [connections[lane % connections.length], idle.shift()];
      if (!connection || refreshToken === undefined) throw new Error('There is nothing to refresh.');
      const frame = toFrame(RefreshRequest.encode({ refreshToken }).finish());
      const { outcome, tokens } = RefreshResponse.decode(await connection('/auth.v1.AuthService/Refresh', frame));
      if (outcome !== RefreshOutcome.ROTATED || !tokens) throw new Error(`A refresh ended as ${outcome}.`);
      idle.push(tokens.refreshToken);
    },
  });
});
