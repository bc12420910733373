import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMaySendTo } from '../../../src/accounts/phone-countries.ts';

const EVERYWHERE = ['RU', 'KZ', 'US', 'CA', 'JM', 'GB', 'DE', 'CH'];

describe('Text messages', () => {
  it.each([
    // Countries that share a calling code are told apart.
    ['+79991234567', 'RU'],
    ['+77012345678', 'KZ'],
    ['+12125550123', 'US'],
    ['+14165550123', 'CA'],
    ['+18765550123', 'JM'],
    ['+447400123456', 'GB'],
    ['+4915112345678', 'DE'],
  ])('to %s are sent where %s is on the list, and only there', (phone, country) => {
    expect(createMaySendTo([country])(phone)).toBe(true);
    expect(createMaySendTo(EVERYWHERE)(phone)).toBe(true);
    expect(createMaySendTo(EVERYWHERE.filter((each) => each !== country))(phone)).toBe(false);
  });

  it.each([
    ['of satellites (Globalstar, Iridium)', '+881612345678'],
    ['of satellites (Inmarsat)', '+870773111632'],
    ['of a network of its own', '+882161234567'],
    ['of freephone for all the world', '+80012345678'],
    ['of premium rate for all the world', '+979123456789'],
    ['of no country', '+999123456789'],
    ['that are none', '79991234567'],
    ['that are none', 'phone'],
    ['that are none', ''],
    ['that are none', '+'],
    ['that are too short', '+7'],
  ])('are not sent to numbers %s: %s', (_what, phone) => {
    expect(createMaySendTo(EVERYWHERE)(phone)).toBe(false);
  });

  it('are sent nowhere by an empty list', () => {
    const maySendTo = createMaySendTo([]);
    for (const phone of ['+79991234567', '+12125550123', '+447400123456', '+881612345678']) {
      expect(maySendTo(phone)).toBe(false);
    }
  });

  it('to a range that is too new to be known need every country of the calling code', () => {
    // +7 0xx and +7 1xx belong to nobody yet.
    const phone = '+71001234567';
    expect(createMaySendTo(['RU'])(phone)).toBe(false);
    expect(createMaySendTo(['KZ'])(phone)).toBe(false);
    expect(createMaySendTo(['RU', 'KZ'])(phone)).toBe(true);
  });

  it.each([
    ['of Russia', '+78091234567', 'RU'],
    ['of the United Kingdom', '+449012345678', 'GB'],
    ['of North America', '+19002345678', 'US'],
    ['of Germany', '+499001234567', 'DE'],
  ])('are not sent to numbers of premium rate %s: %s', (_where, phone, country) => {
    expect(createMaySendTo([country])(phone)).toBe(false);
  });

  it('are never sent to what is on no list, whatever it is', () => {
    const phones = fc.oneof(
      fc.stringMatching(/^\+[1-9][0-9]{5,14}$/),
      fc.string({ unit: fc.constantFrom(...Array.from('+0123456789')), maxLength: 20 }),
      fc.string({ maxLength: 40 }),
    );
    const nowhere = createMaySendTo([]);
    const [russia, more] = [createMaySendTo(['RU']), createMaySendTo(['RU', 'US'])];
    fc.assert(
      fc.property(phones, (phone) => {
        expect(nowhere(phone)).toBe(false);
        if (russia(phone)) {
          expect(phone).toMatch(/^\+7/);
          // A longer list takes nothing away.
          expect(more(phone)).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
