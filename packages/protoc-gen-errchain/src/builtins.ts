import { type DescEnum, getOption } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import { error } from "errchain/proto";
import type { Target } from "./definitions.js";

/**
 * Prints what errchain's own enum declares, the codes 1 to 99. They belong to no
 * system, so they are no definitions: whoever writes one fills in the system.
 */
export function printBuiltins(f: GeneratedFile, desc: DescEnum, target: Target): void {
  const shape = f.importShape(desc).toTypeOnly();
  const type: Printable = [
    "Readonly<Record<Exclude<",
    shape,
    ", ",
    shape,
    ".UNSPECIFIED>, { readonly reason: string; readonly status: number; readonly message: string }>>",
  ];
  const name = `${desc.name}Catalog`;
  f.print(
    f.jsDoc(
      `What the built-in codes mean in every system, by number.\n\n@generated from enum ${desc.typeName}`,
    ),
  );
  if (target === "dts") {
    f.print(f.export("declare const", name), ": ", type, ";");
    return;
  }
  const annotation = target === "ts" ? [": ", type] : [];
  f.print(f.export("const", name), annotation, " = {");
  for (const value of desc.values.filter(({ number }) => number !== 0)) {
    const { status, message } = getOption(value, error);
    f.print("  ", value.number, ": {");
    f.print("    reason: ", f.string(value.localName), ",");
    f.print("    status: ", status, ",");
    f.print("    message: ", f.string(message), ",");
    f.print("  },");
  }
  f.print("};");
}
