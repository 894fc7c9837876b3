import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { fixture } from "../codebook/fixtures.js";
import { errchain as piped } from "../support/command.js";
import { buf, buildImage } from "../support/image.js";

const root = join(import.meta.dirname, "..", "..");
const image = (name: string) => buildImage({ "fixture.proto": fixture(name) });

/** Runs the command as `npx errchain` does. */
async function errchain(...args: string[]) {
  try {
    const { stdout, stderr } = await promisify(execFile)("errchain", args, { cwd: root });
    return { code: 0, stdout, stderr };
  } catch (err) {
    const { code, stdout, stderr } = err as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

test("check is silent on stdout where all is well", async () => {
  expect(await errchain("check", image("clean"))).toEqual({
    code: 0,
    stdout: "",
    stderr: "2 codes in 1 catalogs checked, findings: 0\n",
  });
});

test("check prints a line for each finding and exits with 1", async () => {
  const before = image("clean");
  const { code, stdout } = await errchain("check", image("status-changed"), "--against", before);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fixture\.proto:43:3: status-changed: FIX_ONE_20004: .*\n$/);
});

test("check exits with 1 also where its reader stops early", async () => {
  const many = Array.from(
    { length: 3000 },
    (_, n) => `  MANY_ERROR_E${n} = ${100 + n} [(errchain.v1.error) = {message: "no"}];`,
  );
  const proto = [
    fixture("clean"),
    "enum ManyError {",
    '  option (errchain.v1.catalog) = {system: "MANY" owner: "many-team"};',
    "  MANY_ERROR_UNSPECIFIED = 0;",
    ...many,
    "}",
  ].join("\n");
  const large = buildImage({ "fixture.proto": proto });
  const script = `set -o pipefail; errchain check "$0" 2>/dev/null | head -1`;
  const run = promisify(execFile)("bash", ["-c", script, large], { cwd: root });
  await expect(run).rejects.toMatchObject({ code: 1 });
});

test("check works without source information, with files for places", async () => {
  const path = image("help-link");
  buf(join(path, ".."), "build", "--exclude-source-info", "-o", "bare.binpb");
  const { stdout } = await errchain("check", join(path, "..", "bare.binpb"));
  expect(stdout).toMatch(/^fixture\.proto: help-link: /);
});

test("the catalogs of the example and of this library have no findings", async () => {
  const path = join(image("clean"), "..", "example.binpb");
  buf(root, "build", "examples/three-hop/proto", "-o", path);
  expect(await errchain("check", path)).toMatchObject({ code: 0, stdout: "" });
});

test("docs prints the same as the plugin writes", async () => {
  const path = join(image("clean"), "..", "example.binpb");
  buf(root, "build", "examples/three-hop/proto", "-o", path);
  const { code, stdout } = await errchain("docs", path);
  expect(code).toBe(0);
  expect(stdout).toBe(readFileSync(join(root, "examples/three-hop/gen/error-codes.md"), "utf8"));
});

test("an image may come from standard input", async () => {
  const [clean, changed] = [image("clean"), image("status-changed")];
  expect(await piped(["check", "-"], readFileSync(clean))).toMatchObject({ code: 0, stdout: "" });
  const finding = expect.stringMatching(/^fixture\.proto:43:3: status-changed: /);
  for (const [args, input] of [
    [["check", changed, "--against", "-"], clean],
    [["check", "-", "--against", clean], changed],
  ] as const) {
    expect(await piped(args, readFileSync(input))).toMatchObject({ code: 1, stdout: finding });
  }
  const { stdout } = await errchain("docs", clean);
  expect(await piped(["docs", "-"], readFileSync(clean))).toMatchObject({ code: 0, stdout });
  for (const [args, problem] of [
    [["check", "-", "--against", "-"], /^errchain: only one of the two images can come from/],
    [["check", "-"], /^errchain: cannot use the image on standard input: it is no binary image/],
  ] as const) {
    const stderr = expect.stringMatching(problem);
    expect(await piped(args, "this is no image")).toMatchObject({ code: 2, stdout: "", stderr });
  }
});

test("--version prints the version of the package", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(await errchain("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("docs show what is exempt from a rule, and why", async () => {
  const { stdout } = await errchain("docs", image("ignored"));
  expect(stdout).toContain("- Exempt from the rule `help-link`: the wiki has no links");
});

test("--help explains", async () => {
  for (const args of [[], ["--help"], ["check", "--help"], ["docs", "-h"]]) {
    const { code, stdout } = await errchain(...args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: errchain /);
  }
});

test("bad input is one line on stderr and exit code 2", async () => {
  const good = image("clean");
  const junk = join(good, "..", "junk");
  writeFileSync(junk, "this is no image");
  const empty = join(good, "..", "empty");
  writeFileSync(empty, "");
  const packed = join(good, "..", "image.binpb.gz");
  buf(join(good, ".."), "build", "-o", packed);
  for (const [args, problem] of [
    [["chekc"], /there is no command "chekc"; there are: decode, open, keygen, check, docs/],
    [["check"], /check takes one IMAGE/],
    [["check", good, good], /check takes one IMAGE/],
    [["docs"], /docs takes one IMAGE/],
    [["check", good, "--agianst", good], /Unknown option '--agianst'/],
    [["check", good, "--against"], /argument missing|--against/],
    [["check", "nowhere.binpb"], /cannot read the image nowhere\.binpb: ENOENT/],
    [["check", junk], /cannot use the image .*junk: it is no binary image; make one with/],
    [["check", empty], /cannot use the image .*empty: it is empty/],
    [["check", packed], /it is compressed; write it as \.binpb/],
    [["docs", junk], /it is no binary image/],
  ] as const) {
    const { code, stdout, stderr } = await errchain(...args);
    expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: "" });
    expect(stderr).toMatch(problem);
    expect(stderr).toMatch(/^errchain: [^\n]+\n$/);
  }
});
