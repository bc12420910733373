import { describe, expect, it } from 'vitest';
import { toLocation } from '../../../src/sessions/location.ts';

describe('A place', () => {
  it('is read from the form of MaxMind', () => {
    const record = {
      country: { iso_code: 'RU', names: { en: 'Russia' } },
      city: { names: { en: 'Moscow', ru: 'Москва' } },
    };
    expect(toLocation(record)).toEqual({ country: 'RU', city: 'Moscow' });
  });

  it.each([[{ country_code: 'KZ', country: 'Kazakhstan', city: 'Almaty' }], [{ country: 'KZ', city: 'Almaty' }]])(
    'is read from the flat form %j',
    (record) => {
      expect(toLocation(record)).toEqual({ country: 'KZ', city: 'Almaty' });
    },
  );

  it('is known in part where the database knows a part', () => {
    expect(toLocation({ country: { iso_code: 'RU' } })).toEqual({ country: 'RU', city: '' });
    expect(toLocation({ city: 'Almaty' })).toEqual({ country: '', city: 'Almaty' });
  });

  it.each([
    [null],
    [undefined],
    ['RU'],
    [7],
    [{}],
    [{ country: null, city: null }],
    [{ country: { iso_code: 7 }, city: { names: ['Moscow'] } }],
    [{ country_code: 'rus', city: '' }],
    [{ city: 'a\u0000b' }],
    [{ city: 'x'.repeat(101) }],
  ])('is not made up of %j', (record) => {
    expect(toLocation(record)).toBeNull();
  });
});
