import { readFileSync } from "node:fs";
import { join } from "node:path";

// The clean catalog, and for each rule what has to be changed in it to break just
// that one. The rules about history compare the result with the clean catalog.

const clean = readFileSync(join(import.meta.dirname, "clean.proto"), "utf8");

const BUSY = `  // The system is busy.
  FIXTURE_ERROR_BUSY = 20004 [(errchain.v1.error) = {
    status: UNAVAILABLE
    message: "the system is busy"
    retry: RETRY
    retry_delay: {seconds: 2}
  }];
`;
const HELP = `help: "https://docs.example.com/not-there"`;
const LOCALIZED = `"{place} 没有 {thing}"`;
const MESSAGE = `"{thing} is not in {{place}} {place}"`;
const PRIVATE = `    private_args: "warehouse_id"\n`;
const RESERVED = "  reserved 20001;\n\n";

/** For each rule the edits that break it: what to replace, and with what. */
const breaking: Record<string, [from: string, to: string][]> = {
  "component-form": [[`system: "FIX"`, `system: "fix"`]], // the first is that of the service
  "catalog-form": [[`system: "FIX"\n    module: "ONE"\n    owner`, `module: "ONE"\n    owner`]],
  "catalog-missing": [
    [
      `  option (errchain.v1.catalog) = {\n    system: "FIX"\n    module: "ONE"\n    owner: "fixture-team"\n  };\n`,
      "",
    ],
  ],
  "error-missing": [[BUSY, "  FIXTURE_ERROR_BUSY = 20004;\n"]],
  "number-range": [["= 20004", "= 42"]],
  "number-alias": [
    [RESERVED, `  option allow_alias = true;\n${RESERVED}`],
    ["= 20004", "= 20003"],
  ],
  "reason-form": [["FIXTURE_ERROR_BUSY", `FIXTURE_ERROR_${"VERY_".repeat(12)}BUSY`]],
  "code-unique": [
    [
      "// What can go wrong.",
      `enum OtherError {
  option (errchain.v1.catalog) = {system: "FIX" module: "ONE"};
  OTHER_ERROR_UNSPECIFIED = 0;
  OTHER_ERROR_TOO = 20004 [(errchain.v1.error) = {status: UNAVAILABLE message: "this one too"}];
}`,
    ],
  ],
  "status-missing": [["    status: NOT_FOUND\n", ""]],
  "message-missing": [[`"the system is busy"`, `" "`]],
  "message-placeholder": [["the system is busy", "the {System Name} is busy"]],
  "private-in-message": [[PRIVATE, `    private_args: "place"\n`]],
  "private-arg-form": [[`"warehouse_id"`, `"warehouse-id"`]],
  "retry-delay": [["retry: RETRY", "retry: DO_NOT_RETRY"]],
  "help-link": [[HELP, `help: "see the wiki"`]],
  "localized-locale": [[`"zh-CN"`, `"zh_CN"`]],
  "localized-message": [[LOCALIZED, `"没有 {thing}"`]],
  "ignore-rule": [[HELP, `${HELP}\n    ignore: {rule: "no-such-rule" reason: "why not"}`]],
  "ignore-reason": [[HELP, `help: "see the wiki"\n    ignore: {rule: "help-link"}`]],
};

const changing: typeof breaking = {
  removed: [[BUSY, ""]],
  "number-reserved": [
    [RESERVED, ""],
    [
      BUSY,
      `${BUSY}  FIXTURE_ERROR_NEW = 20001 [(errchain.v1.error) = {status: INTERNAL message: "new"}];\n`,
    ],
  ],
  "number-reused": [[BUSY, `${BUSY.replace("BUSY", "NEW")}${BUSY.replace("20004", "20005")}`]],
  renamed: [["FIXTURE_ERROR_BUSY", "FIXTURE_ERROR_OVERLOADED"]],
  "status-changed": [["status: UNAVAILABLE", "status: RESOURCE_EXHAUSTED"]],
  "retry-changed": [["    retry: DO_NOT_RETRY\n", ""]],
  "visibility-changed": [["visibility: PUBLIC", "visibility: PARTNER"]],
  "arg-removed": [[PRIVATE, ""]],
  "arg-moved": [
    [PRIVATE, ""],
    [MESSAGE, `"{thing} is not in {place}, warehouse {warehouse_id}"`],
    [LOCALIZED, `"{place} 没有 {thing} {warehouse_id}"`],
  ],
};

/** The rules about one catalog, and those about what has changed in it. */
export const rules = Object.keys(breaking);
export const historyRules = Object.keys(changing);

/** The catalog that breaks a rule; `"clean"` breaks none, `"ignored"` two with reasons. */
export function fixture(name: string): string {
  const edits = { ...breaking, ...changing, clean: [], ignored }[name];
  if (edits === undefined) {
    throw new Error(`there is no fixture ${name}`);
  }
  return edits.reduce((text, [from, to]) => {
    if (!text.includes(from)) {
      throw new Error(`the fixture ${name} changes nothing: ${from}`);
    }
    return text.replace(from, () => to);
  }, clean);
}

const ignored: [string, string][] = [
  [HELP, `help: "see the wiki"\n    ignore: {rule: "help-link" reason: "the wiki has no links"}`],
  [
    "status: UNAVAILABLE",
    `status: RESOURCE_EXHAUSTED\n    ignore: {rule: "status-changed" reason: "agreed with all callers"}`,
  ],
];
