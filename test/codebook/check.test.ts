import { readFileSync } from "node:fs";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { checkCodebook, formatFinding, readCodebook, readImage } from "errchain/codebook";
import { expect, test } from "vitest";
import { buildImage } from "../support/image.js";
import { fixture, historyRules, rules } from "./fixtures.js";

function codebookOf(name: string) {
  const image = buildImage({ "fixture.proto": fixture(name) });
  return readCodebook(readImage(readFileSync(image)).own);
}

test("the clean fixture has no findings, not even against itself", () => {
  expect(checkCodebook(codebookOf("clean"), codebookOf("clean"))).toEqual([]);
});

test("findings can be ignored with a reason", () => {
  expect(checkCodebook(codebookOf("ignored"), codebookOf("clean"))).toEqual([]);
});

test("a full code that an imported file has too is found, whichever file comes first", () => {
  const own = readCodebook(
    readImage(readFileSync(buildImage({ "own.proto": fixture("clean") }))).own,
  );
  const theirs = fixture("clean").replace("package fixture.v1", "package other.v1");
  const imported = readCodebook(
    readImage(readFileSync(buildImage({ "imported.proto": theirs }))).own,
  );
  for (const catalogs of [
    [...own.catalogs, ...imported.catalogs],
    [...imported.catalogs, ...own.catalogs],
  ]) {
    const findings = checkCodebook(own, undefined, { ...own, catalogs });
    expect(findings.map(({ rule, position }) => [rule, position.file])).toEqual(
      own.catalogs.flatMap(({ codes }) => codes.map(() => ["code-unique", "own.proto"])),
    );
  }
});

test("a catalog that has moved to an imported file is not removed", () => {
  const older = codebookOf("clean");
  const own = { ...older, catalogs: [] };
  expect(checkCodebook(own, older, older)).toEqual([]);
  expect(checkCodebook(own, older)).not.toEqual([]);
});

function findingsOf(text: string, older?: string): string[] {
  const read = (proto: string) =>
    readCodebook(readImage(readFileSync(buildImage({ "fixture.proto": proto }))).own);
  return checkCodebook(read(text), older === undefined ? undefined : read(older)).map(
    formatFinding,
  );
}

test("of a code that has moved to another number the finding names that", () => {
  const moved = fixture("clean").replace("= 20004", "= 20005");
  expect(findingsOf(moved, fixture("clean"))).toEqual([
    `fixture.proto:43:3: removed: FIX_ONE_20004 (BUSY) is now FIX_ONE_20005; give it its number back, or write "reserved 20004;" in its enum, so that nobody gives the number a second meaning`,
  ]);
  const reserved = moved.replace("reserved 20001", "reserved 20001, 20004");
  expect(findingsOf(reserved, fixture("clean"))).toEqual([]);
});

test("the codes of a removed enum are listed in their order", () => {
  const text = fixture("clean");
  const without = text.slice(0, text.indexOf("// What can go wrong."));
  const codes = findingsOf(without, text).map((line) => /FIX_ONE_\d+/.exec(line)?.[0]);
  expect(codes).toEqual(["FIX_ONE_20003", "FIX_ONE_20004"]);
});

test("everything that is wrong with a catalog is told at once", () => {
  const text = fixture("clean").replace(
    `module: "ONE"\n    owner`,
    `module: "one"\n    locale: "de_DE"\n    owner`,
  );
  expect(findingsOf(text)).toEqual([
    `fixture.proto:15:1: catalog-form: FixtureError: "one" must have the form [A-Z][A-Z0-9]{0,31}`,
    `fixture.proto:15:1: catalog-form: FixtureError: the locale "de_DE" is no BCP 47 language tag such as "en"`,
  ]);
});

test("comments in front of a value and behind it are its comment, but for words to buf", () => {
  const text = fixture("clean").replace(
    / {2}\/\/ The system is busy\.([\s\S]*?)\}\];/,
    "  // buf:lint:ignore ENUM_VALUE_PREFIX\n  // The system is busy.$1}]; // Come again.",
  );
  const image = buildImage({ "fixture.proto": text });
  const [catalog] = readCodebook(readImage(readFileSync(image)).own).catalogs;
  const busy = catalog?.codes.find(({ reason }) => reason === "BUSY");
  expect(busy?.comment).toMatch(/^The system is busy\.\n+Come again\.$/);
});

test("a set without the imported files is refused with the reason", () => {
  const image = readFileSync(buildImage({ "fixture.proto": fixture("clean") }));
  const set = fromBinary(FileDescriptorSetSchema, image);
  set.file = set.file.filter(({ name }) => name === "fixture.proto");
  expect(() => readImage(toBinary(FileDescriptorSetSchema, set))).toThrow(
    /errchain\/v1\/catalog\.proto.*--include_imports/,
  );
});

test.each([
  ["RouteError", "ROUTE_ERROR"],
  ["PlanBError", "PLAN_B_ERROR"],
  ["K8SError", "K8S_ERROR"],
  ["B2BError", "B2B_ERROR"],
  ["HTTPError", "HTTP_ERROR"],
  ["Eta2Error", "ETA2_ERROR"],
])("the values of %s have the prefix %s, as buf wants it", (name, prefix) => {
  const text = fixture("clean").replaceAll("FixtureError", name);
  const image = buildImage({ "fixture.proto": text.replaceAll("FIXTURE_ERROR", prefix) });
  const [catalog] = readCodebook(readImage(readFileSync(image)).own).catalogs;
  expect(catalog?.codes.map(({ reason }) => reason)).toContain("BUSY");
});

test.each([
  ["FixtureError", "FIXTURE_ERROR_NOT_FOUND", "NOT_FOUND"],
  ["FixtureError", "fixture_error_not_found", "NOT_FOUND"],
  ["FixtureError", "FixtureErrorNotFound", "NOT_FOUND"],
  ["FixtureError", "fixtureErrorNotFound", "NOT_FOUND"],
  ["FixtureError", "notFound", "NOT_FOUND"],
  ["FixtureError", "NotFound", "NOT_FOUND"],
  ["FixtureError", "not_found", "NOT_FOUND"],
  ["FixtureError", "FIXTURE_ERROR_notFound", "NOT_FOUND"],
  ["FixtureError", "HTTPNotFound", "HTTP_NOT_FOUND"],
  ["FixtureError", "Error404NotFound", "ERROR404_NOT_FOUND"],
  ["FixtureError", "fixtureError", "FIXTURE_ERROR"],
  ["FixtureError", "FixtureErrors", "FIXTURE_ERRORS"],
  ["fixture_error", "fixture_error_notFound", "NOT_FOUND"],
  ["K8SError", "K8SErrorNotFound", "NOT_FOUND"],
  ["K8SError", "K8S_ERROR_NOT_FOUND", "NOT_FOUND"],
])("in the enum %s the value %s has the reason %s", (name, value, reason) => {
  const text = fixture("clean").replaceAll("FixtureError", name);
  const image = buildImage({ "fixture.proto": text.replace("FIXTURE_ERROR_BUSY", value) });
  const [catalog] = readCodebook(readImage(readFileSync(image)).own).catalogs;
  expect(catalog?.codes.find(({ code }) => code === "20004")?.reason).toBe(reason);
});

test.each([
  ["seconds: -1", "is negative; write how long"],
  ["seconds: 1 nanos: -1", "is negative; write how long"],
  ["seconds: 315576000001", "more than a Duration holds; write at most 315576000000 seconds"],
  ["seconds: 9223372036854775807", "more than a Duration holds"],
  ["nanos: 1000000000", "more than a Duration holds"],
  ["nanos: 999999", "shorter than 1 ms; write"],
  ["", "shorter than 1 ms; write"],
  ["nanos: 1000000", undefined],
  ["seconds: 315576000000 nanos: 999999999", undefined],
])("the retry delay {%s} is checked", (delay, problem) => {
  const text = fixture("clean").replace("{seconds: 2}", `{${delay}}`);
  const image = buildImage({ "fixture.proto": text });
  const [finding] = checkCodebook(readCodebook(readImage(readFileSync(image)).own));
  if (problem === undefined) {
    expect(finding).toBeUndefined();
  } else {
    expect(finding?.message).toContain(problem);
  }
});

test("there is a fixture for each rule that can be ignored", () => {
  const [finding] = checkCodebook(codebookOf("ignore-rule"));
  const ignorable = finding?.message.split("those are ")[1]?.split(", ") ?? [];
  expect(ignorable).toContain("help-link");
  expect([...rules, ...historyRules]).toEqual(expect.arrayContaining(ignorable));
});

test("each fixture breaks its rule, and the finding says where, what, and what to do", async () => {
  const lines = [...rules, ...historyRules].map((name) => {
    const older = historyRules.includes(name) ? codebookOf("clean") : undefined;
    const findings = checkCodebook(codebookOf(name), older);
    expect(findings.map((finding) => finding.rule)).toEqual([name]);
    return findings.map(formatFinding).join("\n");
  });
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("findings.txt");
});
