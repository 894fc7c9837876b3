import { codebookToMarkdown } from "../codebook/markdown.js";
import { parseArguments } from "./arguments.js";
import { loadCodebook } from "./load-codebook.js";
import { UsageError } from "./usage-error.js";

const usage = `Usage: errchain docs IMAGE > errors.md

Prints the error codes that the proto files of an image declare as Markdown. An
image that is called - comes from standard input.`;

/** The command `errchain docs`. Returns the exit code. */
export function docs(args: string[]): number {
  const { values, positionals } = parseArguments({
    args,
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const [image, ...more] = positionals;
  if (image === undefined || more.length > 0) {
    throw new UsageError("docs takes one IMAGE, the file that `buf build -o image.binpb` writes");
  }
  process.stdout.write(codebookToMarkdown(loadCodebook(image).own));
  return 0;
}
