import { defineConfig } from 'vitest/config';

/** Clients that are not ours, in other languages: `npm run test:interop`. */
export default defineConfig({
  test: {
    include: ['test/interop/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts', 'test/interop/global-setup.ts'],
    reporters: ['default', './test/support/closing-line-reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
});
