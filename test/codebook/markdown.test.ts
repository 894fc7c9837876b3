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
