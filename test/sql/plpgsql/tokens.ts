/** A word or sign of PL/pgSQL with its place in the text; `word` is lower case, or the sign itself. */
export type Token = { readonly word: string; readonly start: number; readonly end: number };

const PATTERN = new RegExp(
  [
    /--[^\n]*|\/\*[^]*?\*\//, // comments
    /(?<text>[eE]?'(?:[^']|'')*'|\$(?<tag>\w*)\$[^]*?\$\k<tag>\$)/,
    /(?<name>"(?:[^"]|"")+"|[A-Za-z_]\w*)/,
    /(?<sign>\d[\d.]*|:=|::|\.\.|[^\s\w])/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/** All tokens of a text without white space and comments. A text literal's word is `'`. */
export function tokensOf(text: string): Token[] {
  return [...text.matchAll(PATTERN)].flatMap((match) => {
    const { text: literal, name, sign } = match.groups ?? {};
    const word = literal === undefined ? (name?.toLowerCase() ?? sign) : "'";
    return word === undefined ? [] : [{ word, start: match.index, end: match.index + match[0].length }];
  });
}
