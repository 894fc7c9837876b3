import { isIdentifier } from "../catalog/code-form.js";
import { canonicalLocale } from "../catalog/localized.js";
import { codeRules } from "./code-rules.js";
import type { Codebook, CodebookCatalog, CodebookCode, CodebookService } from "./codebook.js";
import { type Finding, isIgnored, sortFindings } from "./finding.js";
import { compareCodebooks, historyRules } from "./history.js";

/**
 * Checks the codes of a set of proto files: each on its own, against each other,
 * and, where there is an older codebook, against what they were. Sorted by place.
 *
 * @param all the codebook with imported files too: a full code must be unique over
 *   all of them, but what else is wrong with imported ones is for their owners.
 *   Default: nothing is imported.
 */
export function checkCodebook(codebook: Codebook, older?: Codebook, all = codebook): Finding[] {
  const codes = codebook.catalogs.flatMap((catalog) => catalog.codes);
  const files = new Set(codes.map(({ position }) => position.file));
  const isOwn = ({ position }: CodebookCode) => files.has(position.file);
  const findings = [
    ...codebook.services.flatMap(checkService),
    ...codebook.catalogs.flatMap(checkCatalog),
    ...codebook.strays.map(({ desc, position }) => ({
      rule: "catalog-missing",
      position,
      message: `${desc.name} declares errors, but is no catalog; add the option (errchain.v1.catalog)`,
    })),
    ...codes.flatMap(checkCode),
    ...checkUnique(all, isOwn),
    ...(older ? compareCodebooks(codebook, older, all) : []),
  ];
  return sortFindings(findings.filter((finding) => !isIgnored(finding)));
}

function checkService({ desc, component, position }: CodebookService): Finding[] {
  const problem = componentProblem(component);
  return problem === undefined
    ? []
    : [{ rule: "component-form", position, message: `${desc.name}: ${problem}` }];
}

function checkCatalog(catalog: CodebookCatalog): Finding[] {
  const { desc, locale, position } = catalog;
  const localeProblem =
    locale !== "" && canonicalLocale(locale) === undefined
      ? `the locale ${JSON.stringify(locale)} is no BCP 47 language tag such as "en"`
      : undefined;
  return [componentProblem(catalog), localeProblem]
    .filter((problem) => problem !== undefined)
    .map((problem) => ({ rule: "catalog-form", position, message: `${desc.name}: ${problem}` }));
}

function componentProblem({ system, module }: { system: string; module: string }) {
  if (system === "") {
    return "there is no system; say which one it is";
  }
  const bad = [system, module].find((part) => part !== "" && !isIdentifier(part));
  return bad === undefined
    ? undefined
    : `${JSON.stringify(bad)} must have the form [A-Z][A-Z0-9]{0,31}`;
}

function checkCode(code: CodebookCode): Finding[] {
  const { desc, declared, position } = code;
  if (declared === undefined) {
    const message = `${desc.name} does not say what it means; add the option (errchain.v1.error)`;
    return [{ rule: "error-missing", position, message }];
  }
  const found: Finding[] = [];
  for (const [rule, find] of Object.entries(codeRules)) {
    const problem = find(code, declared);
    if (problem !== undefined) {
      found.push({ rule, position, message: `${code.fullCode}: ${problem}`, code });
    }
  }
  for (const { rule, reason } of declared.ignore) {
    if (!ignorableRules.has(rule)) {
      const names = [...ignorableRules].join(", ");
      const message = `${code.fullCode}: ${JSON.stringify(rule)} is no rule that can be ignored; those are ${names}`;
      found.push({ rule: "ignore-rule", position, message });
    } else if (reason.trim() === "") {
      const message = `${code.fullCode}: the rule ${rule} is ignored without a reason; write one`;
      found.push({ rule: "ignore-reason", position, message });
    }
  }
  return found;
}

function checkUnique({ catalogs }: Codebook, isOwn: (code: CodebookCode) => boolean): Finding[] {
  const firsts = new Map<string, CodebookCode>();
  return catalogs
    .flatMap((catalog) => catalog.codes)
    .flatMap((code) => {
      const first = firsts.get(code.fullCode);
      if (first === undefined) {
        firsts.set(code.fullCode, code);
        return [];
      }
      // Told where somebody can mend it: of the second one, unless that is imported.
      const [at, other] = isOwn(code) ? [code, first] : [first, code];
      if (first.catalog === code.catalog || !isOwn(at)) {
        return []; // the former is number-alias
      }
      const message = `${at.fullCode}: ${other.desc.name} in ${other.position.file} has this full code too; give one of them another number`;
      return [{ rule: "code-unique", position: at.position, message, code: at }];
    });
}

/** The rules about a code, which its author can ignore with a reason. */
const ignorableRules: ReadonlySet<string> = new Set([
  ...Object.keys(codeRules),
  "code-unique",
  ...historyRules,
]);
