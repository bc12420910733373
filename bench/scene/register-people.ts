import { randomUUID } from 'node:crypto';
import type { Service } from '../servers/service.ts';

/** Somebody who has registered through the front door. */
export type Person = {
  readonly userId: string;
  readonly login: string;
  readonly password: string;
  readonly accessToken: string;
};

const PASSWORD = 'correct horse battery staple';
let phones = 0;

export async function registerPeople(auth: Service['auth'], count: number): Promise<Person[]> {
  return await Promise.all(
    Array.from({ length: count }, async () => {
      const login = `person-${randomUUID().slice(0, 13)}`;
      const { userId, tokens } = await auth.register({
        secondLogin: login,
        phone: `+7999${String((phones += 1)).padStart(7, '0')}`,
        password: PASSWORD,
        interface: 'customer',
      });
      if (!tokens) throw new Error('A registration was answered without tokens.');
      return { userId, login, password: PASSWORD, accessToken: tokens.accessToken };
    }),
  );
}
