import { readFileSync } from "node:fs";
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
