// Builds the programs of all languages before the interop tests begin, and tells
// the tests how to start them.

import type { TestProject } from "vitest/node";
import { CannotBuild, type Command, toolchains } from "./support/toolchains.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** How to start the hops, by the name of their RPC library. */
    hops: Record<string, Command>;
    /** The languages that are skipped, and why. */
    skipped: Record<string, string>;
  }
}

export async function setup(project: TestProject): Promise<void> {
  const hops: Record<string, Command> = {};
  const skipped: Record<string, string> = {};
  const build = async ({ language, build }: (typeof toolchains)[number]) => {
    const start = Date.now();
    try {
      Object.assign(hops, await build());
      console.log(`interop: ${language} is ready after ${seconds(Date.now() - start)} s`);
    } catch (err) {
      if (!(err instanceof CannotBuild)) {
        throw err;
      }
      skipped[language] = err.message;
      console.log(`interop: ${language} is skipped: ${err.message}`);
    }
  };
  await Promise.all(toolchains.map(build));
  project.provide("hops", hops);
  project.provide("skipped", skipped);
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
