import { LoginRequest, LoginResponse } from '../../src/gen/auth/v1/auth_service.ts';
import { closedLoop } from './closed-loop.ts';
import { drive } from './drive.ts';
import { openConnections } from './grpc-connections.ts';
import { toFrame } from './grpc-frames.ts';

/** Logs people in, each of them again when his login is answered. */
export type LogIn = { readonly port: number; readonly people: readonly { login: string; password: string }[] };

drive<LogIn>(async ({ port, people }) => {
  const connections = openConnections(port, people.length);
  const frames = people.map((person) => toFrame(LoginRequest.encode(LoginRequest.create(person)).finish()));
  return closedLoop({
    lanes: people.length,
    async call(lane) {
      const [connection, frame] = [connections[lane], frames[lane]];
      if (!connection || !frame) throw new Error('There is nobody to log in.');
      const { tokens } = LoginResponse.decode(await connection('/auth.v1.AuthService/Login', frame));
      if (!tokens?.accessToken) throw new Error('A login was answered without tokens.');
    },
  });
});
