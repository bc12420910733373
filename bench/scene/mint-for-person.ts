import type { Service } from '../servers/service.ts';
import { mintAccessTokens } from './mint-access-tokens.ts';
import { registerPeople } from './register-people.ts';

/** Live tokens of somebody who registers for it. */
export async function mintForPerson({ auth, config }: Pick<Service, 'auth' | 'config'>, count: number) {
  const [person] = await registerPeople(auth, 1);
  if (!person) throw new Error('Nobody has registered.');
  return await mintAccessTokens(config, person.accessToken, count);
}
