import { cleanText } from '../errors/clean-text.ts';

/** A place. Empty: not known. */
export type Location = {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** In English. */
  readonly city: string;
};

const LONGEST_CITY = 100;

/**
 * What a database says of an address, in one of the two forms that there are: nested as MaxMind's (`country.iso_code`,
 * `city.names.en`), or flat (`country_code` or `country`, and `city`). null: neither country nor city.
 */
export function toLocation(record: unknown): Location | null {
  const { country, country_code: countryCode, city } = asRecord(record);
  const code = [asRecord(country)['iso_code'], countryCode, country].find(isCountryCode) ?? '';
  const name = [asRecord(asRecord(city)['names'])['en'], city].find((value) => typeof value === 'string') ?? '';
  const cleanName = cleanText(name, 1, LONGEST_CITY) ?? '';
  return code === '' && cleanName === '' ? null : { country: code, city: cleanName };
}

const isCountryCode = (value: unknown): value is string => typeof value === 'string' && /^[A-Z]{2}$/.test(value);

function asRecord(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null ? (value as { [key: string]: unknown }) : {};
}
