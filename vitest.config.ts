import { defineConfig } from 'vitest/config'

// Unit and property tests of every room. The end-to-end and browser tests are their own project: they start whole streets.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'packages/*/src/**/*.test.tsx',
            'packages/*/test/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          setupFiles: ['scripts/test/property-seed.ts'],
          // Files share a worker's modules: loading them anew for each file took half of the time. No module may keep state.
          isolate: false,
          // A machine at work takes ten times as long as an idle one.
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          setupFiles: ['scripts/test/property-seed.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
