import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { measureBrowserSize, readmesWithSize } from "../scripts/browser-size.ts";

const root = join(import.meta.dirname, "..");

/** The files that end up in a bundle. */
async function bundle(code: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    platform: "browser",
    format: "esm",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  return Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((file) => (inputs[file]?.bytesInOutput ?? 0) > 0),
  );
}

test("errchain bundles for a browser without a node: import", async () => {
  // esbuild fails on a node: import for this platform.
  const inputs = await bundle('export * from "errchain"; export * from "errchain/report"');
  expect(inputs).toContain("dist/client/interceptor.js");
  await expect(bundle('export * from "errchain/server"')).rejects.toThrow(/node:async_hooks/);
});

test("so do the classifiers, each without the others and without any driver", async () => {
  const entries = Object.keys(packageJson.exports).filter((entry) => /classify/.test(entry));
  expect(entries).toHaveLength(8);
  for (const entry of entries) {
    const inputs = await bundle(`export * from ${JSON.stringify(`errchain${entry.slice(1)}`)}`);
    expect(inputs).toContain(`dist${entry.slice(1)}.js`);
    expect(inputs.filter((file) => file.includes("node_modules")).join()).not.toMatch(
      /node_modules.(?!@connectrpc.connect|@bufbuild.protobuf)/,
    );
    expect(
      inputs.filter((file) =>
        /classify.(aws|fetch|grpc-js|ioredis|kafka|mysql2|node|pg)/.test(file),
      ),
    ).toHaveLength(1);
  }
});

test("a bundle holds only what is used", async () => {
  const inputs = await bundle('import { parseLogLine } from "errchain"; parseLogLine("")');
  expect(inputs).toContain("dist/chain/log-line.js");
  expect(inputs.join()).not.toMatch(/dist.(client|catalog|scope)/);
});

test("a page that reads errors grows by less than 8 kB, and the READMEs say by how much", async () => {
  const bytes = await measureBrowserSize();
  expect(bytes).toBeLessThan(8_000);
  for (const { text, written } of readmesWithSize(bytes)) {
    expect(text).toMatch(/<!-- browser size -->\d\.\d kB<!-- end -->/);
    expect(text, "run `npm run size`").toBe(written);
  }
});

test("the package depends on its peers only", () => {
  expect(packageJson).not.toHaveProperty("dependencies");
  expect(Object.keys(packageJson.peerDependencies).sort()).toEqual([
    "@bufbuild/protobuf",
    "@connectrpc/connect",
    "@opentelemetry/api",
  ]);
});
