import { readFileSync } from "node:fs";
import { codebookToMarkdown, readCodebook, readImage } from "errchain/codebook";
import { expect, test } from "vitest";
import { buildImage } from "../support/image.js";
import { fixture } from "./fixtures.js";

test.each([
  ["1. Restart it.", "1\\. Restart it."],
  ["10.0.0.7 is down", "10\\.0.0.7 is down"],
  ["- not a list", "\\- not a list"],
  ["<b>no markup</b>", "\\<b\\>no markup\\</b\\>"],
  ["see https://docs.example.com/a?b=1#c.", "see <https://docs.example.com/a?b=1#c>."],
  ["[guide](https://docs.example.com/a)", "\\[guide\\](<https://docs.example.com/a>)"],
  ["见https://docs.example.com/a。更多", "见<https://docs.example.com/a>。更多"],
])("the text %j is shown as it is", (text, shown) => {
  const proto = fixture("clean").replace(`"the system is busy"`, () => JSON.stringify(text));
  const image = readFileSync(buildImage({ "fixture.proto": proto }));
  expect(codebookToMarkdown(readCodebook(readImage(image).own))).toContain(`\n> ${shown}\n`);
});

test("help that is no link is shown as text", () => {
  const image = readFileSync(buildImage({ "fixture.proto": fixture("ignored") }));
  expect(codebookToMarkdown(readCodebook(readImage(image).own))).toContain(
    "\n- More: see the wiki\n",
  );
});

test("where a system's codes have several owners, each code says whose it is", () => {
  const other = `enum OtherError {
  option (errchain.v1.catalog) = {system: "FIX" module: "ONE" OWNER};
  OTHER_ERROR_UNSPECIFIED = 0;
  OTHER_ERROR_TOO = 20009 [(errchain.v1.error) = {status: UNAVAILABLE message: "this too"}];
}`;
  const ownersWith = (owner: string) => {
    const proto = `${fixture("clean")}\n${other.replace("OWNER", owner)}`;
    const image = readFileSync(buildImage({ "fixture.proto": proto }));
    const markdown = codebookToMarkdown(readCodebook(readImage(image).own));
    return markdown.split("\n").filter((line) => /Owner|^###/.test(line));
  };
  expect(ownersWith(`owner: "other-team"`)).toEqual([
    "Owner: fixture-team, other-team. Declared in `fixture.proto`.",
    "### FIX_ONE_20003",
    "- Owner: fixture-team",
    "### FIX_ONE_20004",
    "- Owner: fixture-team",
    "### FIX_ONE_20009",
    "- Owner: other-team",
  ]);
  expect(ownersWith("")).toContain("- Owner: not stated");
  expect(ownersWith(`owner: "fixture-team"`)).not.toContain("- Owner: fixture-team");
});
