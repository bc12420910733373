import { parsePhoneNumberFromString } from 'libphonenumber-js/max';

/** Whether text messages are sent to a phone (E.164): some countries are expensive, and fraud lives of that. */
export type MaySendTo = (phone: string) => boolean;

/** @param countries ISO 3166-1 alpha-2 */
export function createMaySendTo(countries: readonly string[]): MaySendTo {
  const allowed = new Set(countries);
  return (phone) => {
    const number = parsePhoneNumberFromString(phone);
    if (!number) return false;
    // In an allowed country, too: whoever rents such a number is paid for what is sent to it.
    if (number.getType() === 'PREMIUM_RATE') return false;
    // A range that is too new for the list of ranges: every country that shares the calling code has to be allowed.
    const possible = number.country === undefined ? number.getPossibleCountries() : [number.country];
    return possible.length > 0 && possible.every((country) => allowed.has(country));
  };
}
