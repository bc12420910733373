import { Status } from 'nice-grpc-common';
import { describe, expect, it } from 'vitest';
import { readProto } from '../../docs/generate/proto.ts';
import { reasons as mapped } from '../../src/errors/reasons.ts';
import type { Reason } from '../../src/errors/reasons.ts';
import { sourceFiles } from './source-files.ts';

const { reasons } = readProto();
const quoted = (name: string) => new RegExp(`['"\`]${name}['"\`]`);
const tests = sourceFiles('test', '.ts').filter((file) => !file.path.startsWith('test/house/'));
const code = [...sourceFiles('src', '.ts'), ...sourceFiles('sql', '.sql')].filter(
  (file) => !file.path.startsWith('src/gen/') && file.path !== 'src/errors/reasons.ts',
);

describe('The catalogue of reasons', () => {
  it('is mapped to the wire, completely', () => {
    expect(Object.keys(mapped).sort()).toEqual(reasons.map(({ name }) => name).sort());
  });

  describe.each(reasons)('$name', ({ name, status, meaning, example }) => {
    it('is documented with its status and an example', () => {
      expect(status).toBe(Status[mapped[name as Reason].status]);
      expect(meaning).not.toBe('');
      expect(example, 'Example: ... at the end of the comment').toBeTruthy();
    });

    it('is answered by our code', () => {
      expect(code.filter(({ text }) => quoted(name).test(text)).map((file) => file.path)).not.toEqual([]);
    });

    it('is seen by a test', () => {
      expect(tests.filter(({ text }) => quoted(name).test(text)).map((file) => file.path)).not.toEqual([]);
    });
  });
});
