import { tokensOf } from './tokens.ts';
import type { Token } from './tokens.ts';

/** What PostgreSQL will have to make sense of when a function runs, in whatever branch it stands. */
export type Fragment =
  /** An expression, and what its value becomes: a variable, or a type. */
  | { readonly kind: 'expression'; readonly text: string; readonly into: Target }
  /** A statement, and the variables that its row is put into. */
  | { readonly kind: 'statement'; readonly text: string; readonly into: readonly string[] };

export type Target = { readonly variable: string } | { readonly type: string };

export type Variable = { readonly name: string; readonly type: string };
export type Body = { readonly variables: readonly Variable[]; readonly fragments: readonly Fragment[] };

const SQL_VERBS = new Set(['select', 'with', 'insert', 'update', 'delete', 'merge']);

/**
 * Takes a PL/pgSQL body apart. It knows the forms that our functions use and fails on any other, so that nothing goes
 * unchecked because it was not understood.
 *
 * @param returns the type of the function's result
 * @param columns the columns of its result, if that is a table
 */
export function parseBody(text: string, returns: string, columns: readonly string[] = []): Body {
  const tokens = tokensOf(text);
  const variables: Variable[] = [];
  const fragments: Fragment[] = [];
  let at = 0;
  let isHandler = false;

  const peek = (ahead = 0) => tokens[at + ahead]?.word ?? '';
  const is = (...words: string[]) => words.every((word, n) => peek(n) === word);
  function fail(what: string): never {
    const { start = text.length } = tokens[at] ?? {};
    throw new Error(`${what}, but found: ${text.slice(start, start + 60).split('\n')[0]}`);
  }
  function expect(...words: string[]): void {
    for (const word of words) {
      if (peek() !== word) fail(`Expected ${word}`);
      at += 1;
    }
  }
  function name(): string {
    if (!/^[a-z_"]/.test(peek())) fail('Expected a name');
    at += 1;
    return tokens[at - 1]?.word ?? '';
  }
  const slice = (from: number, to: number) => text.slice(tokens[from]?.start, tokens[to - 1]?.end);

  /** The text up to one of the words, outside of brackets and of CASE expressions; `at` is on that word then. */
  function until(...words: string[]): string {
    const from = at;
    let depth = 0;
    let cases = 0;
    for (; at < tokens.length; at += 1) {
      const word = peek();
      if (depth === 0 && cases === 0 && words.includes(word)) break;
      if (word === '(' || word === '[') depth += 1;
      if (word === ')' || word === ']') depth -= 1;
      if (word === 'case') cases += 1;
      if (word === 'end') cases -= 1;
      if (word === ';') fail(`Expected ${words.join(' or ')}`);
    }
    if (at === tokens.length) fail(`Expected ${words.join(' or ')}`);
    if (at === from) fail('Expected an expression');
    return slice(from, at);
  }

  function block(): void {
    if (is('declare')) {
      at += 1;
      while (!is('begin')) declaration();
    }
    expect('begin');
    statements('exception', 'end');
    if (is('exception')) {
      at += 1;
      while (is('when')) {
        at += 1;
        until('then');
        expect('then');
        isHandler = true;
        statements('when', 'end');
        isHandler = false;
      }
    }
    expect('end');
    if (is(';')) at += 1;
  }

  function declaration(): void {
    const variable = name();
    // That nothing is assigned to it later, PostgreSQL sees to when the function is made.
    if (is('constant')) at += 1;
    const type = until(';', ':=', '=', 'default');
    if (/^(record|refcursor)\b|%|\b(not null|collate)\b/i.test(type)) fail(`Type ${type} is not known`);
    variables.push({ name: variable, type });
    if (!is(';')) {
      at += 1;
      expression({ variable }, ';');
    }
    expect(';');
  }

  function statements(...ends: string[]): void {
    while (!ends.includes(peek())) statement();
  }

  function expression(into: Target, ...ends: string[]): void {
    fragments.push({ kind: 'expression', text: until(...ends), into });
  }

  function statement(): void {
    const word = peek();
    if (word === 'begin' || word === 'declare') return block();
    if (word === 'if') return conditional();
    if (word === 'for') return forQuery();
    if (word === 'foreach') return forEach();
    if (word === 'while') return whileLoop();
    if (word === 'exit' || word === 'continue') return leaving();
    if (word === 'return') return returning();
    if (word === 'raise') return raise();
    if (word === 'perform') {
      at += 1;
      const rest = is(';') ? fail('Expected an expression') : until(';');
      fragments.push({ kind: 'statement', text: `select ${rest}`, into: [] });
      return expect(';');
    }
    if (word === 'null' && peek(1) === ';') return expect('null', ';');
    if (SQL_VERBS.has(word)) {
      sql(';');
      return expect(';');
    }
    assignment();
  }

  function assignment(): void {
    const known = /^[a-z_]\w*$/.test(peek()) && (peek(1) === ':=' || (peek(1) === '.' && peek(3) === ':='));
    if (!known) fail('Expected a known form of statement');
    const variable = peek(1) === '.' ? `${name()}.${(expect('.'), name())}` : name();
    expect(':=');
    expression({ variable }, ';');
    expect(';');
  }

  function conditional(): void {
    expect('if');
    expression({ type: 'boolean' }, 'then');
    expect('then');
    statements('elsif', 'elseif', 'else', 'end');
    while (is('elsif') || is('elseif')) {
      at += 1;
      expression({ type: 'boolean' }, 'then');
      expect('then');
      statements('elsif', 'elseif', 'else', 'end');
    }
    if (is('else')) {
      at += 1;
      statements('end');
    }
    expect('end', 'if', ';');
  }

  function forQuery(): void {
    expect('for');
    const variable = name();
    expect('in');
    if (!SQL_VERBS.has(peek())) fail('Expected a query');
    fragments.push({ kind: 'statement', text: until('loop'), into: [variable] });
    loop();
  }

  function forEach(): void {
    expect('foreach');
    const variable = name();
    expect('in', 'array');
    fragments.push({ kind: 'statement', text: `select unnest(${until('loop')})`, into: [variable] });
    loop();
  }

  function whileLoop(): void {
    expect('while');
    expression({ type: 'boolean' }, 'loop');
    loop();
  }

  function leaving(): void {
    at += 1;
    if (is('when')) {
      at += 1;
      expression({ type: 'boolean' }, ';');
    }
    expect(';');
  }

  function loop(): void {
    expect('loop');
    statements('end');
    expect('end', 'loop', ';');
  }

  function returning(): void {
    expect('return');
    if (is('query')) return returningQuery();
    if (is('next') && peek(1) === ';') at += 1;
    else if (is('next')) fail('Expected a known form of return');
    else if (!is(';')) expression({ type: returns }, ';');
    expect(';');
  }

  /** Its rows become the columns of the result. PL/pgSQL casts nothing here: a test that calls the function sees to that. */
  function returningQuery(): void {
    expect('query');
    if (!SQL_VERBS.has(peek()) || columns.length === 0) fail('Expected a query for the columns of a table');
    fragments.push({ kind: 'statement', text: until(';'), into: columns });
    expect(';');
  }

  function raise(): void {
    expect('raise');
    // It passes on what was caught.
    if (isHandler && is(';')) return expect(';');
    if (!is('exception')) fail('Expected exception');
    at += 1;
    expect("'");
    const format = slice(at - 1, at);
    let values = 0;
    for (; is(','); values += 1) {
      at += 1;
      expression({ type: 'text' }, ',', 'using', ';');
    }
    const places = (format.replaceAll('%%', '').match(/%/g) ?? []).length;
    if (places !== values) fail(`${format} has ${places} places for ${values} values`);
    if (is('using')) {
      do {
        at += 1;
        if (!['errcode', 'detail', 'hint', 'message', 'constraint', 'column', 'table', 'schema'].includes(name()))
          fail('Expected an option of raise');
        expect('=');
        expression({ type: 'text' }, ',', ';');
      } while (is(','));
    }
    expect(';');
  }

  /** A statement of SQL without its INTO, which is not SQL, and the variables that INTO named. */
  function sql(end: string): void {
    const from = at;
    until(end);
    const to = at;
    const into = findInto(tokens, from, to);
    if (!into) {
      fragments.push({ kind: 'statement', text: slice(from, to), into: [] });
      return;
    }
    const targets: string[] = [];
    at = into + 1;
    if (is('strict')) at += 1;
    do {
      if (targets.length > 0) at += 1;
      targets.push(name());
    } while (is(','));
    const rest = at < to ? slice(at, to) : '';
    fragments.push({ kind: 'statement', text: `${slice(from, into)} ${rest}`, into: targets });
    at = to;
  }

  block();
  if (at < tokens.length) fail('Expected the end');
  return { variables, fragments };
}

/** The place of an INTO that is PL/pgSQL's: outside of brackets, and not of INSERT INTO. */
function findInto(tokens: readonly Token[], from: number, to: number): number | null {
  let depth = 0;
  for (let at = from; at < to; at += 1) {
    const word = tokens[at]?.word ?? '';
    if (word === '(') depth += 1;
    if (word === ')') depth -= 1;
    if (depth === 0 && word === 'into' && !['insert', 'merge'].includes(tokens[at - 1]?.word ?? '')) return at;
  }
  return null;
}
