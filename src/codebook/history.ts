import {
  ErrorRetry_ValueSchema,
  ErrorStatus_ValueSchema,
  ErrorVisibility_ValueSchema,
} from "../../gen/errchain/v1/catalog_pb.js";
import type { Codebook, CodebookCatalog, CodebookCode } from "./codebook.js";
import type { Finding } from "./finding.js";

// `buf breaking` ignores custom options on purpose, so what changes in them is
// found here. Callers have the old codes in their programs and runbooks.

/** Gives what has changed about a code and what to do about it; undefined where nothing has. */
type ChangeRule = (now: CodebookCode, before: CodebookCode) => string | undefined;

const ADVICE = "callers rely on it: take a new number, or ignore this rule with a reason";

const changeRules: Readonly<Record<string, ChangeRule>> = {
  "number-reused": (now, before) =>
    now.reason !== before.reason && numberOf(before.reason, now.catalog) !== undefined
      ? `was the number of ${before.reason}, which is now ${numberOf(before.reason, now.catalog)}; never give a number a second meaning`
      : undefined,

  renamed: (now, before) =>
    now.reason !== before.reason && numberOf(before.reason, now.catalog) === undefined
      ? `the name was ${before.reason} and is now ${now.reason}; ${ADVICE}`
      : undefined,

  "status-changed"(now, before) {
    const name = (code: CodebookCode) =>
      ErrorStatus_ValueSchema.value[code.declared?.status ?? 0]?.name;
    return changed("status", name(before), name(now));
  },

  "retry-changed"(now, before) {
    const name = (code: CodebookCode) =>
      ErrorRetry_ValueSchema.value[code.declared?.retry ?? 0]?.name;
    return changed("retry advice", name(before), name(now));
  },

  "visibility-changed"(now, before) {
    // Not stated is the same as INTERNAL.
    const name = (code: CodebookCode) =>
      ErrorVisibility_ValueSchema.value[code.declared?.visibility || 1]?.name;
    return changed("visibility", name(before), name(now));
  },

  "arg-removed"(now, before) {
    const names = [...now.args, ...privateArgsOf(now)];
    const gone = [...before.args, ...privateArgsOf(before)].find((name) => !names.includes(name));
    return gone !== undefined ? `the arg ${gone} was removed; ${ADVICE}` : undefined;
  },

  "arg-moved"(now, before) {
    const exposed = privateArgsOf(before).find((name) => now.args.includes(name));
    if (exposed !== undefined) {
      return `the arg ${exposed} was private and now stands in the message; take a new name for what may be shown`;
    }
    const hidden = before.args.find((name) => privateArgsOf(now).includes(name));
    return hidden !== undefined
      ? `the arg ${hidden} stood in the message and is now private; ${ADVICE}`
      : undefined;
  },
};

const REUSED_RESERVED = "number-reserved";
const REMOVED = "removed";

/** The names of the rules about changes that the author of a code can ignore. */
export const historyRules: readonly string[] = [
  ...Object.keys(changeRules),
  REUSED_RESERVED,
  REMOVED,
];

/**
 * Finds what has changed since an older codebook and breaks those who rely on it.
 *
 * @param all the codebook with that of the modules which this one imports
 */
export function compareCodebooks(now: Codebook, before: Codebook, all = now): Finding[] {
  const codesNow = byFullCode(now);
  const codesBefore = byFullCode(before);
  const findings: Finding[] = [];
  for (const code of codesNow.values()) {
    const older = codesBefore.get(code.fullCode);
    if (older === undefined) {
      if (before.catalogs.some((catalog) => isReserved(code, catalog))) {
        const message = `${code.fullCode}: the number was reserved, so it had a meaning once; take another one`;
        findings.push({ rule: REUSED_RESERVED, position: code.position, message, code });
      }
      continue;
    }
    for (const [rule, find] of Object.entries(changeRules)) {
      const problem = find(code, older);
      if (problem !== undefined) {
        const message = `${code.fullCode}: ${problem}`;
        findings.push({ rule, position: code.position, message, code });
      }
    }
  }
  // A catalog may have moved to a module that this one imports.
  const codesOfAll = byFullCode(all);
  for (const code of codesBefore.values()) {
    if (
      !codesOfAll.has(code.fullCode) &&
      !now.catalogs.some((catalog) => isReserved(code, catalog))
    ) {
      findings.push(removal(code, now));
    }
  }
  return findings;
}

/** What to say of a code that is there no more. */
function removal(code: CodebookCode, now: Codebook): Finding {
  const { typeName } = code.catalog.desc;
  const catalog = now.catalogs.find(({ desc }) => desc.typeName === typeName);
  const successor = catalog?.codes.find((other) => other.code === code.code);
  const what = `${code.fullCode} (${code.reason})`;
  if (successor !== undefined) {
    const message = `${what} is now ${successor.fullCode}; ${ADVICE}`;
    return { rule: REMOVED, position: successor.position, message, code: successor };
  }
  if (catalog === undefined) {
    const { file } = code.position;
    const message = `${what} was removed with its enum ${typeName}; keep the enum, and write "reserved ${code.code};" in it, so that nobody gives the number a second meaning`;
    return { rule: REMOVED, position: { file, line: 0, column: 0 }, message };
  }
  const reserve = `write "reserved ${code.code};" in its enum, so that nobody gives the number a second meaning`;
  const moved = catalog.codes.find(({ reason }) => reason === code.reason);
  if (moved !== undefined) {
    const message = `${what} is now ${moved.fullCode}; give it its number back, or ${reserve}`;
    return { rule: REMOVED, position: moved.position, message };
  }
  return { rule: REMOVED, position: catalog.position, message: `${what} was removed; ${reserve}` };
}

function byFullCode({ catalogs }: Codebook): Map<string, CodebookCode> {
  const codes = new Map<string, CodebookCode>();
  for (const code of catalogs.flatMap((catalog) => catalog.codes)) {
    // Of an alias the first name counts, as for the generator.
    if (!codes.has(code.fullCode)) {
      codes.set(code.fullCode, code);
    }
  }
  return codes;
}

/** Whether a catalog of the code's system and module reserves its number. */
function isReserved({ code, catalog: { system, module } }: CodebookCode, catalog: CodebookCatalog) {
  return (
    catalog.system === system &&
    catalog.module === module &&
    // Unlike those of a message, the ranges of an enum include their end.
    catalog.desc.proto.reservedRange.some(
      ({ start, end }) => start <= Number(code) && Number(code) <= end,
    )
  );
}

function numberOf(reason: string, { codes }: CodebookCatalog): string | undefined {
  return codes.find((code) => code.reason === reason)?.code;
}

function privateArgsOf({ declared }: CodebookCode): readonly string[] {
  return declared?.privateArgs ?? [];
}

function changed(what: string, before: string | undefined, now: string | undefined) {
  const shown = (name = "") => (name === "VALUE_UNSPECIFIED" ? "not stated" : name);
  return before !== now
    ? `the ${what} was ${shown(before)} and is now ${shown(now)}; ${ADVICE}`
    : undefined;
}
