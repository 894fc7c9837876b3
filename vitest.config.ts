import { configDefaults, defineConfig } from "vitest/config";
import type { Reporter } from "vitest/node";

/** Ends the output with one plain line that scripts can read. */
const closingLine: Reporter = {
  onTestRunEnd(modules) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    // A file that does not even load has no tests, but has failed.
    const broken = modules.filter((module) => module.errors().length > 0).length;
    // A second try hides a stalled machine, and must not hide more than that.
    for (const test of tests) {
      if (test.diagnostic()?.flaky) {
        console.log(`passed only at a second try: ${test.module.moduleId} > ${test.fullName}`);
      }
    }
    const skipped = count("skipped") > 0 ? `, ${count("skipped")} skipped` : "";
    console.log(`${count("passed")} passed, ${count("failed") + broken} failed${skipped}`);
  },
};

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000, // a hook has no second try, and starts browsers and servers
    retry: 1, // real processes and deadlines, on machines that stand still at times
    expect: { poll: { timeout: 10_000 } },
    reporters: ["default", closingLine],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{src,test,packages/*/src,packages/*/test}/**/*.test.ts"],
          exclude: [...configDefaults.exclude, "test/interop/**"],
        },
      },
      {
        extends: true,
        test: {
          name: "interop",
          include: ["test/interop/**/*.test.ts"],
          globalSetup: "test/interop/setup.ts",
          sequence: { groupOrder: 1 }, // after the others: these keep every core busy
        },
      },
    ],
  },
});
