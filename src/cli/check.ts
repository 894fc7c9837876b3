import { checkCodebook } from "../codebook/check.js";
import { formatFinding } from "../codebook/finding.js";
import { parseArguments } from "./arguments.js";
import { loadCodebook, STANDARD_INPUT } from "./load-codebook.js";
import { UsageError } from "./usage-error.js";

const usage = `Usage: errchain check IMAGE [--against OLD_IMAGE]

Checks the error codes that the proto files of an image declare, and with
--against also what has changed since an older image. Prints a line for each
finding, FILE:LINE:COLUMN: RULE: what is wrong and what to do. An image that is
called - comes from standard input.

  buf build -o - | errchain check -

Exit code: 0 without findings, 1 with findings, 2 where an image cannot be read.`;

/** The command `errchain check`. Returns the exit code. */
export function check(args: string[]): number {
  const { values, positionals } = parseArguments({
    args,
    allowPositionals: true,
    options: { against: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const [image, ...more] = positionals;
  if (image === undefined || more.length > 0) {
    throw new UsageError("check takes one IMAGE, the file that `buf build -o image.binpb` writes");
  }
  if (image === STANDARD_INPUT && values.against === STANDARD_INPUT) {
    throw new UsageError("only one of the two images can come from standard input");
  }
  const { all, own } = loadCodebook(image);
  const older = values.against === undefined ? undefined : loadCodebook(values.against).own;
  const findings = checkCodebook(own, older, all);
  for (const finding of findings) {
    console.log(formatFinding(finding));
  }
  const codes = own.catalogs.reduce((sum, catalog) => sum + catalog.codes.length, 0);
  const catalogs = own.catalogs.length;
  console.error(`${codes} codes in ${catalogs} catalogs checked, findings: ${findings.length}`);
  return findings.length > 0 ? 1 : 0;
}
