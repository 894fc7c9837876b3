import { safeIdentifier } from "@bufbuild/protoplugin";
import type { CodebookCatalog, CodebookCode } from "errchain/codebook";

/** A code that can be defined, with the name under which its definition is exported. */
export interface NamedCode extends CodebookCode {
  readonly declared: NonNullable<CodebookCode["declared"]>;
  readonly name: string;
}

/** A catalog with the name under which the set of its definitions is exported. */
export interface NamedCatalog extends CodebookCatalog {
  readonly name: string;
  readonly codes: readonly NamedCode[];
}

/**
 * Names what a file exports: `RANGE_NOT_CONFIGURED` of `RouteError` becomes
 * `rangeNotConfigured`, the enum itself `RouteErrorCatalog`.
 *
 * Where an earlier enum of the file has taken a name already, the code's name gets that
 * of its enum in front, `etaErrorNotFound`. Enums within messages come after all others.
 * So the names of an enum stay what they are, unless an earlier one gets a code that has
 * the same name.
 *
 * Left out are codes that cannot be defined, but whose author has told the checks
 * to let them pass: the built-in numbers, and second names for a number.
 */
export function nameExports(catalogs: readonly CodebookCatalog[]): NamedCatalog[] {
  const taken = new Set<string>();
  const take = (...candidates: string[]) => {
    const identifiers = candidates.map(exportName);
    let name = identifiers.find((identifier) => !taken.has(identifier)) ?? candidates.at(-1) ?? "";
    while (taken.has(name)) {
      name += "$";
    }
    taken.add(name);
    return name;
  };
  return catalogs.map((catalog) => {
    const { file, typeName } = catalog.desc;
    const prefix = file.proto.package === "" ? "" : `${file.proto.package}.`;
    const enumName = typeName.slice(prefix.length).replaceAll(".", "_");
    const numbers = new Set<number>();
    const codes = catalog.codes.flatMap((code): NamedCode[] => {
      const { number } = code.desc;
      if (code.declared === undefined || number < 100 || numbers.has(number)) {
        return [];
      }
      numbers.add(number);
      const own = camelCase(code.reason);
      const qualified = `${lowerFirst(enumName)}${upperFirst(own)}`;
      const name = /^[a-z]/.test(own) ? take(own, qualified) : take(qualified);
      return [{ ...code, declared: code.declared, name }];
    });
    return { ...catalog, name: take(`${enumName}Catalog`), codes };
  });
}

// Names that strict mode and modules do not allow, those that a CommonJS module has already,
// and one that makes a promise of the module: `await import()` of a module that exports
// `then` never ends. A name is the same in every target and import style.
const NOT_EXPORTABLE: ReadonlySet<string> = new Set([
  "arguments",
  "await",
  "eval",
  "exports",
  "module",
  "require",
  "then",
]);

function exportName(name: string): string {
  return NOT_EXPORTABLE.has(name) ? `${name}$` : safeIdentifier(name);
}

function camelCase(upperSnake: string): string {
  const [first = "", ...rest] = upperSnake
    .toLowerCase()
    .split("_")
    .filter((part) => part !== "");
  return first + rest.map(upperFirst).join("");
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
