import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const { BROTLI_PARAM_QUALITY, BROTLI_MAX_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;

/**
 * Writes each file once more in brotli and gzip, so that the gateway compresses nothing while it serves, and refuses a page that
 * has grown too large.
 *
 * @param limit bytes of all files together, in brotli: what the first visit loads
 */
export function precompress(limit: number): Plugin {
  return {
    name: 'precompress',
    writeBundle({ dir = '' }, bundle) {
      let sum = 0;
      for (const name of Object.keys(bundle)) {
        const file = path.join(dir, name);
        const bytes = readFileSync(file);
        const brotli = brotliCompressSync(bytes, {
          params: { [BROTLI_PARAM_QUALITY]: BROTLI_MAX_QUALITY, [BROTLI_PARAM_SIZE_HINT]: bytes.length },
        });
        writeFileSync(`${file}.br`, brotli);
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
        sum += brotli.length;
      }
      if (sum > limit) this.error(`The page has ${sum} bytes in brotli; it may have ${limit}.`);
      this.info(`${sum} bytes in brotli`);
    },
  };
}
