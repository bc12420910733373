const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

/** What Unicode names beside the countries of ISO 3166-1: parts of countries, unions of them, and codes for private use. */
const OTHERS = 'AC CP CQ DG EA EU EZ IC QO TA UN XA XB XK ZZ'.split(' ');

/** Whether it is one of the 249 codes of ISO 3166-1 alpha-2. */
export function isCountry(code: string): boolean {
  if (!/^[A-Z]{2}$/.test(code) || OTHERS.includes(code) || names.of(code) === undefined) return false;
  // Codes of countries that are no more lead to those of today.
  return new Intl.Locale(`und-${code}`).region === code;
}
