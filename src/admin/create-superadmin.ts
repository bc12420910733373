import { createContacts } from '../accounts/contact.ts';
import { AppError } from '../errors/app-error.ts';
import { cleanText } from '../errors/clean-text.ts';
import { createPasswordHasher } from '../passwords/hasher.ts';
import { LONGEST_PASSWORD, createPasswordPolicy } from '../passwords/policy.ts';
import type { OwnerDatabase } from './open-database.ts';

type Input = {
  readonly login?: string | undefined;
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly readPassword: () => Promise<string>;
};

/** Makes the first superadmin and says so. The database refuses a second one. */
export async function createFirstSuperadmin({ call, config }: OwnerDatabase, input: Input): Promise<string> {
  const { secondLogin, email, phone } = createContacts({ defaultRegion: config.DEFAULT_PHONE_REGION, types: [] });
  const contacts = [
    { type: 'second_login', value: required('--login', input.login, secondLogin) },
    ...(input.email === undefined ? [] : [{ type: 'email', value: required('--email', input.email, email) }]),
    ...(input.phone === undefined ? [] : [{ type: 'phone', value: required('--phone', input.phone, phone) }]),
  ];
  const password = await input.readPassword();
  if (cleanText(password, 1, LONGEST_PASSWORD) === null) {
    throw new TypeError(
      `The password must have 1 to ${LONGEST_PASSWORD} characters, none of them a control character.`,
    );
  }
  const problem = createPasswordPolicy()(
    password,
    contacts.map(({ value }) => value),
  );
  if (problem) throw new TypeError(`The password ${problem}.`);

  const hasher = await createPasswordHasher({ cost: config.BCRYPT_COST, concurrency: 1, queueLimit: 1 });
  const payload = JSON.stringify({ contacts, password_hash: await hasher.hash(password) });
  const rows = await call<{ create_first_superadmin: string }>('accounts.create_first_superadmin', [payload]).catch(
    (error: unknown) => {
      const { message } = error as Error;
      if (message === 'SUPERADMIN_EXISTS')
        throw new TypeError('There is a superadmin already; this command makes only the first.');
      if (error instanceof AppError && error.reason === 'REGISTER_USER_ALREADY_EXISTS') {
        throw new TypeError(
          `Another account holds this ${error.details.metadata?.['contact_type'] ?? 'contact'} already.`,
        );
      }
      throw error;
    },
  );
  return `Created the superadmin ${contacts[0]?.value} with the user id ${rows[0]?.create_first_superadmin}.`;
}

function required(option: string, text: string | undefined, normalize: (text: string) => string | null): string {
  const value = text === undefined ? null : normalize(text);
  if (value === null) throw new TypeError(`${option} is missing or not valid.`);
  return value;
}
