import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ErrorDefinition } from "errchain";
import { errorChain } from "errchain";
import { describe, expect, test } from "vitest";
import { buf, protoProject } from "../../../test/support/image.js";
import packageJson from "../package.json" with { type: "json" };
import { plugin } from "../src/plugin.js";

const root = join(import.meta.dirname, "..", "..", "..");
const fixture = (name: string) =>
  readFileSync(join(import.meta.dirname, "fixtures", `${name}.proto`), "utf8");

/** Generates from proto files and gives the folder. */
function generate(opt: string, names: readonly string[]): string {
  const folder = protoProject(
    Object.fromEntries(names.map((name) => [`${name}/v1/${name}.proto`, fixture(name)])),
  );
  writeFileSync(
    join(folder, "buf.gen.yaml"),
    `version: v2
inputs:
  - directory: proto
plugins:
  - local: protoc-gen-es
    out: gen
    opt: [target=ts, import_extension=js]
    include_imports: true
  - local: protoc-gen-errchain
    out: gen
    opt: [${opt}]
    strategy: all
`,
  );
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  buf(folder, "generate");
  return folder;
}

function bufFailure(opt: string, names: readonly string[]): string {
  try {
    generate(opt, names);
  } catch (err) {
    return String((err as { stderr?: string }).stderr);
  }
  throw new Error("buf generate succeeded, but was expected to fail");
}

const compilers = {
  "the current TypeScript": "typescript",
  "the previous TypeScript": "typescript-previous",
};

describe.each(Object.entries(compilers))("with %s", (_, typescript) => {
  test("definitions compile under strict, and work", async () => {
    const folder = generate("target=ts", ["odd", "style", "ignored"]);
    const base = JSON.parse(readFileSync(join(root, "tsconfig.base.json"), "utf8"));
    const compilerOptions = {
      ...base.compilerOptions,
      erasableSyntaxOnly: false,
      rootDir: ".",
      outDir: "dist",
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
    const tsc = join(root, "node_modules", typescript, "bin", "tsc");
    execFileSync("node", [tsc], { cwd: folder, stdio: "inherit" });
    const odd = await import(pathToFileURL(join(folder, "dist/gen/odd/v1/odd_errchain.js")).href);
    const style = await import(
      pathToFileURL(join(folder, "dist/gen/style/v1/style_errchain.js")).href
    );
    await import(pathToFileURL(join(folder, "dist/gen/ignored/v1/ignored_errchain.js")).href);
    expect(odd.texts({ class: "C", delete: "D" }).rawMessage).toBe(
      "quotes \" ' ` braces { } dollar $C back\\slash 中文 D",
    );
    expect(codesOf({ ...odd, ...style })).toEqual({
      OddErrorCatalog: "set",
      Outer_InnerErrorCatalog: "set",
      TwoErrorCatalog: "set",
      defineError: "ODD_ONE_102 DEFINE_ERROR",
      delete$: "ODD_ONE_101 DELETE",
      failuresCatalog: "set",
      notThere: "STYLE_1000 NOT_THERE",
      oddError404NotFound: "ODD_ONE_404 404_NOT_FOUND",
      outer_InnerErrorTexts: "INNER_100 TEXTS",
      silent: "ODD_ONE_405 SILENT",
      texts: "ODD_ONE_100 TEXTS",
      tooBusy: "STYLE_30000 TOO_BUSY",
      twoErrorTexts: "TWO_100 TEXTS",
    });
  });
});

function codesOf(module: Record<string, ErrorDefinition | object>) {
  return Object.fromEntries(
    Object.entries(module).map(([name, value]) => [
      name,
      "fullCode" in value ? `${value.fullCode} ${value.reason}` : "set",
    ]),
  );
}

test.each(["target=ts", "target=js+dts"])("what %s gives is as it was", async (target) => {
  const folder = generate(`${target},docs=markdown`, ["odd"]);
  const gen = join(folder, "gen");
  for (const file of readdirSync(gen, { recursive: true, encoding: "utf8" })) {
    if (/_errchain|\.md$/.test(file)) {
      const text = readFileSync(join(gen, file), "utf8");
      const snapshot = `golden/${target.replace(/\W/g, "-")}-${file.replaceAll("/", "-")}.txt`;
      await expect(text).toMatchFileSnapshot(snapshot);
    }
  }
});

test("what a definition would refuse is left out where its rule is ignored", async () => {
  const folder = generate("target=js+dts", ["ignored"]);
  const file = join(folder, "gen/ignored/v1/ignored_errchain.js");
  const text = readFileSync(file, "utf8").replaceAll(/\/\*\*.*?\*\/\n/gs, "");
  await expect(text).toMatchFileSnapshot("golden/ignored.txt");
  await import(pathToFileURL(file).href);
});

test("codes in odd styles give findings, not a crash", async () => {
  const stderr = bufFailure("target=ts", ["findings"]);
  const findings = stderr.split("\n").filter((line) => line.includes(".proto:"));
  await expect(findings.join("\n")).toMatchFileSnapshot("golden/findings.txt");
});

test("names that CommonJS has taken can be loaded as CommonJS", () => {
  const folder = generate("target=js+dts,js_import_style=legacy_commonjs", ["commonjs", "odd"]);
  writeFileSync(join(folder, "package.json"), '{ "type": "commonjs" }');
  const require = createRequire(join(folder, "gen", "x.cjs"));
  const names = Object.keys(require("./commonjs/v1/commonjs_errchain.js"));
  expect(names).toEqual(["module$", "exports$", "require$", "CommonjsErrorCatalog"]);
  expect(require("./odd/v1/odd_errchain.js").texts.fullCode).toBe("ODD_ONE_100");
});

test("files without a catalog are written only with keep_empty_files", () => {
  const written = (opt: string) => {
    const folder = generate(opt, ["odd", "plain"]);
    return readdirSync(join(folder, "gen"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.includes("_errchain."))
      .sort();
  };
  const odd = ["odd/v1/odd_errchain.d.ts", "odd/v1/odd_errchain.js"];
  const plain = ["plain/v1/plain_errchain.d.ts", "plain/v1/plain_errchain.js"];
  expect(written("target=js+dts")).toEqual(odd);
  expect(written("target=js+dts,keep_empty_files=true")).toEqual([...odd, ...plain]);
});

test("the plugin has the version of its package", () => {
  expect(plugin.version).toBe(packageJson.version);
});

test("options can have blanks between them", () => {
  const folder = generate('"target=ts, docs=markdown"', ["odd"]);
  expect(readdirSync(join(folder, "gen"))).toContain("error-codes.md");
});

test("unknown options are refused", () => {
  expect(bufFailure("target=ts,docs=html", ["odd"])).toContain(
    "docs=html: the only form is docs=markdown",
  );
  expect(bufFailure("target=ts,foo=bar", ["odd"])).toMatch(/option.*foo/);
});

test("definitions that are not used are left out of a bundle", async () => {
  const { build } = await import("esbuild");
  const folder = generate("target=js+dts", ["odd"]);
  const { outputFiles } = await build({
    stdin: {
      contents: 'import { silent } from "./gen/odd/v1/odd_errchain.js"; console.log(silent().code)',
      resolveDir: folder,
    },
    bundle: true,
    format: "esm",
    write: false,
  });
  const text = outputFiles[0]?.text ?? "";
  expect(text).toContain('reason: "SILENT"');
  expect(text).not.toContain('reason: "DELETE"');
  expect(text).not.toContain("Catalog");
});

test("the chain of a generated definition is like that of one by hand", async () => {
  const folder = generate("target=js+dts", ["odd"]);
  const odd = await import(pathToFileURL(join(folder, "gen/odd/v1/odd_errchain.js")).href);
  expect(errorChain(odd.texts({ class: "C", delete: "D" }))?.causes).toMatchObject([
    { system: "ODD", module: "ONE", code: "100", args: { class: "C", delete: "D" } },
  ]);
});
