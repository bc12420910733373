import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readProto } from '../../docs/generate/proto.ts';
import { ROOT, sourceFiles } from './source-files.ts';

const { rpcs, reasons, files } = readProto();
const names = reasons.map(({ name }) => name);
const rpcTests = sourceFiles('test/rpc', '.test.ts');

/** The reasons that a text names; `TOKEN_...` stands for all that begin so. */
function unknownReasons(line: string): string[] {
  const words = line.match(/\b[A-Z][A-Z]+(?:_[A-Z]+)*(?:_\.\.\.)?/g) ?? [];
  return words.filter((word) =>
    word.endsWith('...') ? !names.some((name) => name.startsWith(word.slice(0, -3))) : !names.includes(word),
  );
}

describe('Every rpc', () => {
  it('is found', () => {
    expect(rpcs.length).toBeGreaterThanOrEqual(8);
  });

  describe.each(rpcs)('$service/$name', ({ name, access, permission, about, accessLine, reasonsLine, retryLine }) => {
    it('says by its option who may call, and in words the same', () => {
      expect(access).toMatch(/^(PUBLIC|USER|SERVICE|ADMIN)$/);
      expect(accessLine).toMatch(new RegExp(`^${access}\\b`));
      if (permission !== '') expect(accessLine).toBe(`${access}, \`${permission}\`.`);
    });

    it('says what it does, how it may refuse, and whether a repeat is safe', () => {
      expect(about).not.toBe('');
      expect(reasonsLine).toBeTruthy();
      expect(retryLine).toBeTruthy();
    });

    it('names only reasons of the catalogue', () => {
      expect(unknownReasons(reasonsLine ?? '')).toEqual([]);
    });

    it('is called by an rpc test', () => {
      const call = `.${name.charAt(0).toLowerCase()}${name.slice(1)}(`;
      expect(rpcTests.filter(({ text }) => text.includes(call)).map((file) => file.path)).not.toEqual([]);
    });
  });
});

it('a reason that is not in the catalogue would be seen', () => {
  expect(unknownReasons('INVALID_REQUEST, TOKEN_SPENT (or TOKEN_...), COOKIE_...')).toEqual([
    'TOKEN_SPENT',
    'COOKIE_...',
  ]);
});

describe('A concept has one name', () => {
  it.each(files)('%s holds the package %s', (file, packageName) => {
    expect(path.dirname(file)).toBe(packageName.replaceAll('.', '/'));
  });

  it.each([...new Set(rpcs.map(({ service }) => service.split('.')[0] ?? ''))])(
    '%s: proto package, source folder, schema and folder of tests',
    (name) => {
      const places = [`proto/${name}`, `src/${name}`, `sql/functions/${name}`, `test/rpc/${name}`];
      expect(places.filter((place) => !existsSync(path.join(ROOT, place)))).toEqual([]);
    },
  );
});
