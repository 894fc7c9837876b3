import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { checkCodebook, formatFinding, readCodebook, readImage } from "errchain/codebook";
import { expect, test } from "vitest";
import { buildImage } from "../support/image.js";

// A fixture for each rule, which breaks just that one. The rules about history
// compare it with the clean one.

const fixtures = join(import.meta.dirname, "fixtures");

function codebookOf(name: string) {
  const text = readFileSync(join(fixtures, `${name}.proto`), "utf8");
  return readCodebook(readImage(readFileSync(buildImage({ "fixture.proto": text }))).own);
}

const historyRules = [
  "removed",
  "number-reserved",
  "number-reused",
  "renamed",
  "status-changed",
  "retry-changed",
  "visibility-changed",
  "arg-removed",
  "arg-moved",
];

const names = readdirSync(fixtures)
  .map((file) => basename(file, ".proto"))
  .filter((name) => name !== "clean" && name !== "ignored");

test("the clean fixture has no findings, not even against itself", () => {
  expect(checkCodebook(codebookOf("clean"), codebookOf("clean"))).toEqual([]);
});

test("findings can be ignored with a reason", () => {
  expect(checkCodebook(codebookOf("ignored"), codebookOf("clean"))).toEqual([]);
});

test("there is a fixture for each rule that can be ignored", () => {
  const [finding] = checkCodebook(codebookOf("ignore-rule"));
  const rules = finding?.message.split("those are ")[1]?.split(", ") ?? [];
  expect(rules).toContain("help-link");
  expect(names).toEqual(expect.arrayContaining(rules));
});

test("each fixture breaks its rule, and the finding says where, what, and what to do", async () => {
  const lines = names.map((name) => {
    const older = historyRules.includes(name) ? codebookOf("clean") : undefined;
    const findings = checkCodebook(codebookOf(name), older);
    expect(findings.map((finding) => finding.rule)).toEqual([name]);
    return findings.map(formatFinding).join("\n");
  });
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("findings.txt");
});
