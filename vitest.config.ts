import { defineConfig } from 'vitest/config';

/** `npm test` runs these projects in order; `unit` alone is the quick one while writing. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{wasm-core,contract,tunnel,proxy,publisher,agent-lite,web}/**/*.test.ts',
            'test/architecture/**/*.test.ts',
          ],
          pool: 'forks',
          // Left alone it keeps a core free, which of two is half of them.
          maxWorkers: '100%',
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          pool: 'forks',
          // Most of a file is waiting for processes to start; more at once would make what is timed late.
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
