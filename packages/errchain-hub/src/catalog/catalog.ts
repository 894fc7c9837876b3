import { readFileSync } from "node:fs";
import { getOption, hasOption } from "@bufbuild/protobuf";
import { readCodebook, readImage } from "errchain/codebook";
import {
  BuiltinErrorSchema,
  type ErrorCode,
  ErrorRetry_Value,
  ErrorStatus_Value,
  error,
} from "errchain/proto";
import { type CodeParts, isBuiltinCode } from "../trace/full-code.js";

/** What is declared about a code. Fields may be empty. */
export interface DeclaredCode {
  readonly reason: string;
  readonly meaning: string;
  readonly message: string;
  readonly remedy: string;
  readonly owner: string;
  readonly help: string;
  readonly status: string;
  readonly retry: string;
  readonly builtin: boolean;
}

export interface Catalog {
  /** How many catalogs were read. */
  readonly size: number;
  /** What is declared about a code; undefined if nothing is. */
  find(code: CodeParts): DeclaredCode | undefined;
  /** Who answers for a code: its own owner, or for a built-in code that of its module. */
  ownerOf(code: CodeParts): string;
}

/**
 * Reads the catalogs of images, as `buf build -o image.binpb` writes them. Throws
 * an Error that names the file and says what is wrong with it.
 */
export function loadCatalog(imageFiles: readonly string[]): Catalog {
  const declared = new Map<string, DeclaredCode>();
  const owners = new Map<string, string>();
  let size = 0;
  for (const file of imageFiles) {
    for (const { codes, owner, system, module } of catalogsOf(file)) {
      size++;
      owners.set(`${system}.${module}`, owner);
      for (const { fullCode, reason, comment, declared: code } of codes) {
        declared.set(fullCode, declaredCode(code, { reason, meaning: comment, owner }));
      }
    }
  }
  const builtins = readBuiltins();
  return {
    size,
    find: ({ fullCode, code }) =>
      declared.get(fullCode) ?? (isBuiltinCode(code) ? builtins.get(code) : undefined),
    ownerOf({ fullCode, system, module }) {
      return declared.get(fullCode)?.owner || (owners.get(`${system}.${module}`) ?? "");
    },
  };
}

function catalogsOf(file: string) {
  try {
    return readCodebook(readImage(readFileSync(file)).files).catalogs;
  } catch (err) {
    throw new Error(`cannot use the catalog ${file}: ${(err as Error).message}`);
  }
}

/** The codes 1 to 99, which mean the same in every system. */
function readBuiltins(): Map<string, DeclaredCode> {
  return new Map(
    BuiltinErrorSchema.values
      .filter((value) => hasOption(value, error))
      .map((value) => {
        const reason = value.name.replace("BUILTIN_ERROR_", "");
        const code = declaredCode(getOption(value, error), { reason, meaning: "", owner: "" });
        return [String(value.number), { ...code, builtin: true }];
      }),
  );
}

function declaredCode(
  code: ErrorCode | undefined,
  { reason, meaning, owner }: { reason: string; meaning: string; owner: string },
): DeclaredCode {
  return {
    reason,
    meaning,
    message: code?.message ?? "",
    remedy: code?.remedy ?? "",
    owner,
    // It becomes a link on the page: no javascript: or data:.
    help: /^https?:\/\//i.test(code?.help ?? "") ? (code?.help ?? "") : "",
    status: code?.status ? (ErrorStatus_Value[code.status] ?? "") : "",
    retry: code?.retry ? (ErrorRetry_Value[code.retry] ?? "") : "",
    builtin: false,
  };
}
