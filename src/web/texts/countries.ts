/** What Unicode names beside the countries of ISO 3166-1: parts of countries, unions of them, and codes for private use. */
const OTHERS = 'AC CP CQ DG EA EU EZ IC QO TA UN XA XB XK ZZ'.split(' ');
const LETTERS = 'A B C D E F G H I J K L M N O P Q R S T U V W X Y Z'.split(' ');

/** Code and name of the 249 countries of ISO 3166-1, in the order of the language. */
export function countriesIn(language: string): readonly (readonly [code: string, name: string])[] {
  const names = new Intl.DisplayNames(language, { type: 'region', fallback: 'none' });
  const order = new Intl.Collator(language);
  const codes = LETTERS.flatMap((first) => LETTERS.map((second) => first + second));
  return codes
    .flatMap((code) => {
      const name = names.of(code);
      // Codes of countries that are no more lead to those of today.
      const isCountry = !OTHERS.includes(code) && new Intl.Locale(`und-${code}`).region === code;
      return name === undefined || !isCountry ? [] : [[code, name] as const];
    })
    .sort(([, one], [, other]) => order.compare(one, other));
}

/** The country that the browser's languages speak of; where they name none, the one where most speak the first of them. */
export function likelyCountry(languages: readonly string[]): string {
  const locales = (languages.length > 0 ? languages : ['en']).map((tag) => new Intl.Locale(tag));
  return locales.find(({ region }) => region !== undefined)?.region ?? locales[0]?.maximize().region ?? '';
}
