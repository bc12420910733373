import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UpdateProfileRequest, UpdateProfileResponse } from '../../../src/gen/accounts/v1/accounts_service.ts';
import type { Profile } from '../../../src/gen/accounts/v1/profile.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { bearer, register } from '../../support/people.ts';
import { createRawCaller } from '../../support/raw-call.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const INVALID = { status: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' };
const ALL = ['display_name', 'bio', 'country', 'language', 'data'];
const ADA = {
  displayName: 'Ada Lovelace',
  bio: 'Notes.\nMore notes.',
  country: 'GB',
  language: 'en',
  data: { theme: 'dark', sizes: [1, 2.5], nested: { ok: true, none: null } },
};

let database: TestDatabase;
let service: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

async function somebody() {
  const { userId, tokens } = await register(service);
  return { userId, as: bearer(tokens.accessToken) };
}
type Somebody = Awaited<ReturnType<typeof somebody>>;

const update = (profile: Partial<Profile> | undefined, updateMask: string[] | undefined, { as }: Somebody) =>
  service.accounts.updateProfile({ profile, updateMask }, as);

async function fieldsOf({ as }: Somebody) {
  const { profile } = await service.accounts.getProfile({}, as);
  if (!profile) throw new Error('There is no profile.');
  const { displayName, bio, country, language, data } = profile;
  return { displayName, bio, country, language, data };
}

describe('GetProfile', () => {
  it('of somebody who has told nothing is empty, and says since when he is here', async () => {
    const person = await somebody();
    const { profile } = await service.accounts.getProfile({}, person.as);
    expect(profile).toMatchObject({ displayName: '', bio: '', country: '', language: '', data: {} });
    expect(profile?.createTime).toBeInstanceOf(Date);
    expect(profile?.updateTime).toEqual(profile?.createTime);
  });

  it('shows what a registration has told', async () => {
    const { tokens } = await register(service, { profile: { city: 'Kazan' } });
    const { profile } = await service.accounts.getProfile({}, bearer(tokens.accessToken));
    expect(profile?.data).toEqual({ city: 'Kazan' });
  });
});

describe('UpdateProfile', () => {
  it('changes what the mask names and nothing else', async () => {
    const person = await somebody();
    const { profile } = await update(ADA, ALL, person);
    expect(profile).toMatchObject(ADA);
    expect(profile?.updateTime?.getTime()).toBeGreaterThan(profile?.createTime?.getTime() ?? 0);

    const other = { displayName: 'Grace', bio: 'Bugs.', country: 'US', language: 'ru', data: { theme: 'light' } };
    const names = { display_name: 'displayName', bio: 'bio', country: 'country', language: 'language', data: 'data' };
    for (const [path, name] of Object.entries(names)) {
      await update(ADA, ['*'], person);
      const changed = await update(other, [path], person);
      expect(changed.profile).toMatchObject({ ...ADA, [name]: other[name as keyof typeof other] });
      expect(await fieldsOf(person)).toEqual({ ...ADA, [name]: other[name as keyof typeof other] });
    }
  });

  it('* is all five: what is empty is cleared', async () => {
    const person = await somebody();
    await update(ADA, ALL, person);
    await update({ displayName: 'Ada' }, ['*'], person);
    expect(await fieldsOf(person)).toEqual({ displayName: 'Ada', bio: '', country: '', language: '', data: {} });
  });

  it('clears what the mask names and the request leaves empty', async () => {
    const person = await somebody();
    await update(ADA, ALL, person);
    await update({}, ['bio', 'data'], person);
    expect(await fieldsOf(person)).toEqual({ ...ADA, bio: '', data: {} });
  });

  it('stores texts trimmed and in one spelling', async () => {
    const person = await somebody();
    await update({ displayName: '  Zoe\u0308 ', bio: ' one\r\ntwo ' }, ['display_name', 'bio'], person);
    expect(await fieldsOf(person)).toMatchObject({ displayName: 'Zo\u00eb', bio: 'one\ntwo' });
  });

  it('changes nobody else', async () => {
    const [one, other] = [await somebody(), await somebody()];
    await update(ADA, ALL, one);
    expect(await fieldsOf(other)).toEqual({ displayName: '', bio: '', country: '', language: '', data: {} });
  });

  it('of different fields at the same moment: all of them hold, 30 times', async () => {
    const person = await somebody();
    for (let round = 0; round < 30; round += 1) {
      const values = {
        displayName: `Ada ${round}`,
        bio: `Bio ${round}`,
        country: round % 2 === 0 ? 'GB' : 'RU',
        language: round % 2 === 0 ? 'en' : 'ru',
        data: { round },
      };
      await Promise.all(ALL.map((path) => update(values, [path], person)));
      expect(await fieldsOf(person)).toEqual(values);
    }
  });

  it('tells the names of the fields in its event, and not what is in them', async () => {
    const person = await somebody();
    await update(ADA, ['bio', 'display_name', 'bio'], person);
    const events = await database.query(
      `select data from auth.outbox_events where user_id = $1 and type = 'profile.updated'`,
      [person.userId],
    );
    expect(events).toEqual([{ data: { fields: ['bio', 'display_name'] } }]);
  });

  it.each([
    ['no mask', undefined, ['update_mask']],
    ['an empty mask', [], ['update_mask']],
    ['a field that there is not', ['display_name', 'nickname'], ['update_mask.paths[1]']],
    ['what only we write', ['create_time', 'update_time'], ['update_mask.paths[0]', 'update_mask.paths[1]']],
    ['a part of a field', ['data.theme'], ['update_mask.paths[0]']],
    ['the JSON name', ['displayName'], ['update_mask.paths[0]']],
    ['all, and what there is not', ['*', 'password_hash'], ['update_mask.paths[1]']],
    ['nothing', [''], ['update_mask.paths[0]']],
    ['what is not shown again', ['\u0000\n<b>', "'; drop table"], ['update_mask.paths[0]', 'update_mask.paths[1]']],
    ['more than there are', Array.from({ length: 10_000 }, () => 'bio'), ['update_mask']],
  ])('refuses %s', async (_what, mask, fields) => {
    const person = await somebody();
    const refusal = await refusalOf(update(ADA, mask, person));
    expect(refusal).toMatchObject({ ...INVALID, fields });
    expect(await fieldsOf(person)).toMatchObject({ displayName: '', bio: '' });
  });

  it('names the path that there is not', async () => {
    const call = update(ADA, ['nickname'], await somebody());
    const error = (await call.catch((reason: unknown) => reason)) as { extra: unknown };
    expect(JSON.stringify(error.extra)).toContain('nickname is no field that can be changed');
  });

  it('refuses a request without a profile, which would clear what the mask names', async () => {
    const person = await somebody();
    await update(ADA, ALL, person);
    expect(await refusalOf(update(undefined, ['*'], person))).toMatchObject({ ...INVALID, fields: ['profile'] });
    expect(await fieldsOf(person)).toEqual(ADA);
  });

  it.each<[string, Partial<Profile>, string[]]>([
    ['a short name', { displayName: 'Al' }, ['profile.display_name']],
    ['a name of spaces', { displayName: '     ' }, ['profile.display_name']],
    ['a long name', { displayName: 'x'.repeat(31) }, ['profile.display_name']],
    ['a name with a line', { displayName: 'Ada\nLovelace' }, ['profile.display_name']],
    ['a name with a NUL', { displayName: 'Ada\u0000' }, ['profile.display_name']],
    ['a name of half a character', { displayName: 'Ada \uD83D' }, ['profile.display_name']],
    ['an endless name', { displayName: '\u0301'.repeat(100_000) }, ['profile.display_name']],
    ['a long bio', { bio: 'x'.repeat(501) }, ['profile.bio']],
    ['a bio that rings', { bio: 'ding\u0007' }, ['profile.bio']],
    ['a country that is none', { country: 'ZZ' }, ['profile.country']],
    ['a country that is no more', { country: 'SU' }, ['profile.country']],
    ['a small country', { country: 'gb' }, ['profile.country']],
    ['a language that is none', { language: 'xx' }, ['profile.language']],
    ['a language with a region', { language: 'en-GB' }, ['profile.language']],
    ['much JSON', { data: { a: 'x'.repeat(16 * 1024) } }, ['profile.data']],
    ['deep JSON', { data: deep(32) }, ['profile.data']],
    ['JSON with a NUL', { data: { a: 'b\u0000' } }, ['profile.data']],
    ['JSON with a number that is none', { data: { a: Number.NaN } }, ['profile.data']],
    [
      'everything',
      { displayName: 'x', bio: '\u0001', country: 'x', language: 'x' },
      ALL.slice(0, 4).map(inProfile).sort(),
    ],
  ])('refuses %s, where the mask names it', async (_what, profile, fields) => {
    const person = await theSomebody();
    expect(await refusalOf(update(profile, ALL, person))).toMatchObject({ ...INVALID, fields });
    expect(await fieldsOf(person)).toEqual({ displayName: '', bio: '', country: '', language: '', data: {} });
  });

  it('takes JSON of 32 levels', async () => {
    const person = await somebody();
    const data = deep(31);
    expect((await update({ data }, ['data'], person)).profile?.data).toEqual(data);
  });

  it('does not look at what the mask does not name', async () => {
    const person = await somebody();
    await update({ displayName: 'Ada', country: 'nowhere', bio: 'x'.repeat(1000) }, ['display_name'], person);
    expect(await fieldsOf(person)).toMatchObject({ displayName: 'Ada', country: '', bio: '' });
  });

  it('refuses numbers that are small as JSON and large in the database', async () => {
    const person = await somebody();
    const data = { numbers: Array.from({ length: 2000 }, () => 1e300) };
    expect(await refusalOf(update({ data }, ['data'], person))).toMatchObject({ ...INVALID, fields: ['profile'] });
  });

  it('takes the mask of a client in another language as its bytes are', async () => {
    const { tokens } = await register(service);
    const raw = createRawCaller(service.address);
    const request = UpdateProfileRequest.fromPartial({ profile: ADA, updateMask: ['display_name', 'country'] });
    const answer = await raw.call(
      '/accounts.v1.AccountsService/UpdateProfile',
      UpdateProfileRequest.encode(request).finish(),
      bearer(tokens.accessToken),
    );
    raw.close();
    const { profile } = UpdateProfileResponse.decode(answer);
    expect(profile).toMatchObject({ displayName: ADA.displayName, country: 'GB', bio: '' });
  });

  it('is refused to somebody whose account was closed a moment ago', async () => {
    const person = await somebody();
    await database.query('update accounts.users set is_active = false where id = $1', [person.userId]);
    expect(await outcomeOf(update(ADA, ALL, person))).toBe('UNAUTHENTICATED TOKEN_REVOKED');
  });
});

function inProfile(path: string): string {
  return `profile.${path}`;
}

function deep(levels: number): Record<string, unknown> {
  return levels === 0 ? {} : { a: deep(levels - 1) };
}

let shared: Promise<Somebody> | undefined;
/** One person for all calls that are to change nothing. */
function theSomebody(): Promise<Somebody> {
  return (shared ??= somebody());
}
