import type { DescEnum } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import type { CodebookCatalog } from "errchain/codebook";
import {
  ErrorRetry_ValueSchema,
  ErrorStatus_Value,
  ErrorStatus_ValueSchema,
  ErrorVisibility_Value,
  ErrorVisibility_ValueSchema,
} from "errchain/proto";
import { type NamedCatalog, type NamedCode, nameExports } from "./names.js";

export type Target = "ts" | "js" | "dts";

/** Prints the definitions of a file's catalogs, and for each catalog the set of its definitions. */
export function printDefinitions(
  f: GeneratedFile,
  catalogs: readonly CodebookCatalog[],
  target: Target,
): void {
  for (const catalog of nameExports(catalogs)) {
    for (const code of catalog.codes) {
      printDefinition(f, code, target);
    }
    printSet(f, catalog, target);
  }
}

function printDefinition(f: GeneratedFile, code: NamedCode, target: Target): void {
  const type: Printable = [
    f.import("ErrorDefinition", "errchain", true),
    `<${argsType(code)}, ${privateArgsType(code)}, `,
    f.string(code.fullCode),
    ">",
  ];
  f.print(f.jsDoc(documentationOf(code)));
  if (target === "dts") {
    f.print(f.export("declare const", code.name), ": ", type, ";");
  } else {
    const annotation = target === "ts" ? [": ", type] : [];
    const define = f.import("defineError", "errchain");
    f.print(f.export("const", code.name), annotation, " = /*@__PURE__*/ ", define, "({");
    for (const [property, value] of propertiesOf(f, code)) {
      f.print("  ", property, ": ", value, ",");
    }
    f.print("});");
  }
  f.print();
}

function printSet(f: GeneratedFile, catalog: NamedCatalog, target: Target): void {
  const { system, module, codes } = catalog;
  const component = module === "" ? system : `${system}, ${module}`;
  const type = ["{", ...codes.map(({ name }) => `  readonly ${name}: typeof ${name};`), "}"].join(
    "\n",
  );
  f.print(
    f.jsDoc(
      `The error codes of ${component}, for matchCause().\n\n@generated from enum ${catalog.desc.typeName}`,
    ),
  );
  if (target === "dts") {
    f.print(f.export("declare const", catalog.name), ": ", type, ";");
  } else {
    const annotation = target === "ts" ? `: ${type}` : "";
    const members = codes.map(({ name }) => `  ${name},\n`);
    f.print(f.export("const", catalog.name), annotation, " = {\n", members, "};");
  }
  f.print();
}

/** What is passed to defineError(). */
function propertiesOf(f: GeneratedFile, code: NamedCode): [string, Printable][] {
  const { system, module, locale } = code.catalog;
  const { visibility, retry, help } = code.declared;
  const properties: [string, Printable | undefined][] = [
    ["system", f.string(system)],
    ["module", module ? f.string(module) : undefined],
    ["code", code.desc.number],
    ["reason", f.string(code.reason.slice(0, 63))],
    ["status", f.string(statusOf(code))],
    ["message", f.string(messageOf(code))],
    ["locale", locale ? f.string(locale) : undefined],
    ["localized", code.localized.size > 0 ? localizedOf(f, code) : undefined],
    [
      "visibility",
      visibility ? f.string(nameIn(ErrorVisibility_ValueSchema, visibility)) : undefined,
    ],
    ["retry", retry ? f.string(nameIn(ErrorRetry_ValueSchema, retry)) : undefined],
    ["retryDelayMs", code.retryDelayMs],
    ["privateArgs", f.array(privateArgsOf(code).map((name) => f.string(name)))],
    ["help", help ? f.string(help) : undefined],
  ];
  return properties.filter((entry): entry is [string, Printable] => entry[1] !== undefined);
}

function localizedOf(f: GeneratedFile, { localized }: NamedCode): Printable {
  const lines = [...localized].map(
    ([locale, message]): Printable => ["    ", f.string(locale), ": ", f.string(message), ",\n"],
  );
  return ["{\n", lines, "  }"];
}

function argsType({ args }: NamedCode): string {
  return args.length === 0
    ? "{}"
    : `{ ${args.map((name) => `readonly ${propertyName(name)}: string`).join("; ")} }`;
}

function propertyName(name: string): string {
  return /^\d/.test(name) ? JSON.stringify(name) : name;
}

function privateArgsType(code: NamedCode): string {
  const names = privateArgsOf(code).map((name) => JSON.stringify(name));
  return names.join(" | ") || "never";
}

function documentationOf(code: NamedCode): string {
  const { comment, fullCode, desc, declared } = code;
  const { visibility, retry, remedy } = declared;
  const audience = nameIn(
    ErrorVisibility_ValueSchema,
    visibility || ErrorVisibility_Value.INTERNAL,
  );
  const advice = retry ? `, ${nameIn(ErrorRetry_ValueSchema, retry)}` : "";
  const paragraphs = [
    comment,
    desc.deprecated ? "@deprecated" : "",
    `\`${fullCode}\`: ${statusOf(code)}, visible to ${audience}${advice}.`,
    `> ${messageOf(code)}`,
    remedy && `What to do: ${remedy}`,
    `@generated from enum value: ${desc.name} = ${desc.number};`,
  ];
  return paragraphs.filter((paragraph) => paragraph !== "").join("\n\n");
}

// An author can have a reason to break a rule, and say so with `ignore`. The code
// is defined all the same.

/** An arg that stands in the message is no private one. */
function privateArgsOf({ declared, args }: NamedCode): string[] {
  return declared.privateArgs.filter((name) => !args.includes(name));
}

function messageOf({ declared, reason }: NamedCode): string {
  return declared.message.trim() === ""
    ? reason.toLowerCase().replaceAll("_", " ")
    : declared.message;
}

function statusOf({ declared }: NamedCode): string {
  return nameIn(ErrorStatus_ValueSchema, declared.status || ErrorStatus_Value.UNKNOWN);
}

function nameIn(desc: DescEnum, number: number): string {
  return desc.value[number]?.name ?? String(number);
}
