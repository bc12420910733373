import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { precompress } from './page/precompress.ts';

/**
 * Builds the account page for the gateway to serve: one script, one style sheet, and what they are reached by.
 *
 *   npm run build:page [-- <folder>]      default: src/gen/page
 */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(ROOT, 'src/gen/page'));

/** Bytes in brotli: a second on a slow phone. */
const LARGEST_PAGE = 100_000;

await build({
  configFile: false,
  root: path.join(ROOT, 'src/web'),
  // What is read is in the sources: the page is the same wherever it is built.
  envDir: false,
  publicDir: false,
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: out,
    emptyOutDir: true,
    // Browsers of the last two years: the style sheet has light-dark().
    target: ['chrome123', 'firefox125', 'safari17.5'],
    sourcemap: false,
    // The policy of the page allows no inline script, and there is one script only.
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: { output: { codeSplitting: false }, checks: { bundlerTimings: false } },
  },
  plugins: [precompress(LARGEST_PAGE)],
});
