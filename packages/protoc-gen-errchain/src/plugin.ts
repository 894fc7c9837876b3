import { createEcmaScriptPlugin, type Schema } from "@bufbuild/protoplugin";
import { checkCodebook, codebookToMarkdown, formatFinding, readCodebook } from "errchain/codebook";
import { BuiltinErrorSchema } from "errchain/proto";
import { printBuiltins } from "./builtins.js";
import { printDefinitions, type Target } from "./definitions.js";

interface PluginOptions {
  /** Whether to write the documentation too. */
  readonly docs: boolean;
}

/** The file that `docs=markdown` writes. */
const DOCS_FILE = "error-codes.md";

export const plugin = createEcmaScriptPlugin<PluginOptions>({
  name: "protoc-gen-errchain",
  version: "0.1.0",
  parseOptions,
  // Printed for each target rather than transpiled, which would take the
  // TypeScript compiler some seconds.
  generateTs: generate,
  generateJs: generate,
  generateDts: generate,
});

function parseOptions(options: { key: string; value: string }[]): PluginOptions {
  let docs = false;
  for (const option of options) {
    // "target=ts, docs=markdown" has a blank in front of the second key.
    const [key, value] = [option.key.trim(), option.value.trim()];
    if (key !== "docs") {
      throw new Error(`unknown option "${option.key}"; there is "docs=markdown"`);
    }
    if (value !== "markdown") {
      throw new Error(`docs=${value}: the only form is docs=markdown`);
    }
    docs = true;
  }
  return { docs };
}

function generate(schema: Schema<PluginOptions>, target: Target): void {
  const codebook = readCodebook(schema.files);
  const findings = checkCodebook(codebook, undefined, readCodebook(schema.allFiles));
  if (findings.length > 0) {
    throw new Error(["the error codes need attention", ...findings.map(formatFinding)].join("\n"));
  }
  for (const file of schema.files) {
    const catalogs = codebook.catalogs.filter(({ desc }) => desc.file === file);
    const builtins = file.enums.find(({ typeName }) => typeName === BuiltinErrorSchema.typeName);
    const extension = { ts: ".ts", js: ".js", dts: ".d.ts" }[target];
    // Without a catalog nothing is printed, and the file is left out unless
    // keep_empty_files asks for it: Bazel wants to know beforehand what there will be.
    const f = schema.generateFile(`${file.name}_errchain${extension}`);
    f.preamble(file);
    printDefinitions(f, catalogs, target);
    if (builtins !== undefined) {
      printBuiltins(f, builtins, target);
    }
  }
  if (schema.options.docs && target === schema.targets[0]) {
    const f = schema.generateFile(DOCS_FILE);
    f.print(codebookToMarkdown(codebook).trimEnd());
  }
}
