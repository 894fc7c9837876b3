import type { Code, ConnectError } from "@connectrpc/connect";
import { type Cause, Status, Visibility } from "../../gen/errchain/v1/error_chain_pb.js";
import { isIdentifier, isShortCode } from "../catalog/code-form.js";
import type { ErrorDefinition } from "../catalog/define-error.js";
import { type CausePlace, causePlaces } from "../chain/cause-places.js";
import { decodeCause } from "../chain/read.js";
import { isTextAt } from "../chain/scan.js";
import { isThenable, textOf } from "../chain/thrown.js";
import { withoutStack } from "../chain/without-stack.js";

/** What a cause must be like. All that is given must be the same; nothing given is any cause. */
export interface CausePattern {
  readonly system?: string;
  readonly module?: string;
  readonly code?: string;
  readonly reason?: string;
  /** From either enum or by name: `"NOT_FOUND"`. */
  readonly status?: Code | Status | keyof typeof Status;
}

/** What this hop answers where a downstream call has failed with a certain cause. */
export interface TranslationRule {
  /** The cause: a definition of the other system, or a pattern. */
  readonly from: ErrorDefinition | CausePattern;
  /** Where the cause must be: anywhere in the chain, or nearest to this hop. Default: `"anywhere"`. */
  readonly at?: "anywhere" | "nearest";
  /** The answer: a definition of this system. */
  readonly to: ErrorDefinition;
  /**
   * The args of the answer, from the matched cause. Default: the cause's own args,
   * as far as they have the same names, and unless the answer is for more people
   * than the cause: what an internal message says must not get into a public one
   * by accident.
   */
  readonly args?: (cause: Cause) => Readonly<Record<string, string | number | bigint>>;
}

/**
 * The answer of the first rule that matches; undefined if none does. A rule that
 * throws is told of and passed over.
 *
 * @param chains encoded chains from below, which scanChain() accepts
 * @param reason what the handler threw: the cause of the answer
 */
export function translate(
  rules: readonly CheckedRule[],
  chains: readonly Uint8Array[],
  reason: unknown,
  onProblem: (problem: unknown) => void,
): ConnectError | undefined {
  const places = chains.map(causePlaces);
  for (const { pattern, at, to, args } of rules) {
    const cause = firstMatch(pattern, at, chains, places);
    if (cause !== undefined) {
      try {
        const raise = to as ErrorDefinition<Record<string, string>>;
        const values = args ? argsOf(args(cause)) : mayShow(cause, to) ? cause.args : {};
        return withoutStack(() => raise(values, { cause: reason }));
      } catch (problem) {
        onProblem(problem);
      }
    }
  }
  return undefined;
}

/** Only the cause that matches is decoded: most others are of no interest to any rule. */
function firstMatch(
  pattern: Pattern,
  at: CheckedRule["at"],
  chains: readonly Uint8Array[],
  places: readonly (readonly CausePlace[])[],
): Cause | undefined {
  for (const [index, bytes] of chains.entries()) {
    for (const place of places[index] ?? []) {
      if (matches(pattern, bytes, place)) {
        return decodeCause(bytes.subarray(place.start, place.end));
      }
      if (at === "nearest") {
        break;
      }
    }
  }
  return undefined;
}

function argsOf(args: unknown): Record<string, string> {
  if (typeof args !== "object" || args === null || isThenable(args)) {
    throw new TypeError(`args gave ${textOf(args)} instead of an object with values`);
  }
  return { ...args };
}

/** Whether all who may read the answer may read the cause too. */
function mayShow({ visibility }: Cause, to: ErrorDefinition): boolean {
  return (
    to.visibility <=
    (Visibility[visibility] === undefined ? Visibility.INTERNAL : visibility || Visibility.INTERNAL)
  );
}

/** A rule whose pattern is in one form. */
export interface CheckedRule extends Omit<TranslationRule, "from"> {
  readonly pattern: Pattern;
  readonly at: "anywhere" | "nearest";
}

type Pattern = Readonly<Partial<Record<"system" | "module" | "code" | "reason", string>>> & {
  readonly status?: number;
};

/**
 * Checks rules when they are configured. Throws a TypeError that names the rule by
 * its place, from 0: where it is malformed, or where it can never match because an
 * earlier one matches all that it would.
 */
export function checkRules(rules: readonly TranslationRule[]): CheckedRule[] {
  if (!Array.isArray(rules)) {
    throw new TypeError("translate must be an array of rules");
  }
  const checked = rules.map((rule, index) => checkRule(rule, `translate[${index}]`));
  for (const [index, rule] of checked.entries()) {
    const earlier = checked.findIndex((other) => covers(other, rule));
    if (earlier < index) {
      throw new TypeError(
        `translate[${index}] can never match, because translate[${earlier}] matches all that it would; put the special rule first`,
      );
    }
  }
  return checked;
}

const PATTERN_FIELDS = ["system", "module", "code", "reason", "status"] as const;

const TEXT_FORMS = [
  ["system", isIdentifier],
  ["module", (text: string) => text === "" || isIdentifier(text)],
  ["code", isShortCode],
  ["reason", isShortCode],
] as const;

function checkRule(rule: TranslationRule, place: string): CheckedRule {
  const { from, to, at = "anywhere", args } = rule ?? {};
  if (typeof to !== "function" || typeof to.fullCode !== "string") {
    throw new TypeError(`${place}.to must be an error definition`);
  }
  if (at !== "anywhere" && at !== "nearest") {
    throw new TypeError(`${place}.at must be "anywhere" or "nearest", not ${JSON.stringify(at)}`);
  }
  if (args !== undefined && typeof args !== "function") {
    throw new TypeError(`${place}.args must be a function`);
  }
  return { to, at, pattern: checkPattern(from, `${place}.from`), ...(args && { args }) };
}

function checkPattern(from: TranslationRule["from"], place: string): Pattern {
  if (typeof from === "function") {
    const { system, module, code } = from;
    return { system, module, code };
  }
  if (typeof from !== "object" || from === null) {
    throw new TypeError(`${place} must be an error definition or a pattern`);
  }
  const unknown = Object.keys(from).find((key) => !PATTERN_FIELDS.some((field) => field === key));
  if (unknown !== undefined) {
    throw new TypeError(`${place} has no ${unknown}; there are ${PATTERN_FIELDS.join(", ")}`);
  }
  for (const [field, isWellFormed] of TEXT_FORMS) {
    const value: unknown = from[field];
    if (value !== undefined && !(typeof value === "string" && isWellFormed(value))) {
      throw new TypeError(
        `${place}.${field} ${JSON.stringify(value)} is none that a cause can have: it is text in upper case`,
      );
    }
  }
  const { status, ...rest } = from;
  if (status === undefined) {
    return rest;
  }
  const number = typeof status === "string" ? Status[status] : status;
  if (typeof Status[number ?? 0] !== "string" || !number) {
    throw new TypeError(
      `${place}.status ${JSON.stringify(status)} is not the status of a failed RPC`,
    );
  }
  return { ...rest, status: number };
}

function matches(pattern: Pattern, bytes: Uint8Array, place: CausePlace): boolean {
  return PATTERN_FIELDS.every((field) => {
    const expected: string | number | undefined = pattern[field];
    return (
      expected === undefined ||
      (typeof expected === "string"
        ? isTextAt(bytes, place[field], expected)
        : expected === place[field])
    );
  });
}

/** Whether a rule matches whatever another one matches. */
function covers(rule: CheckedRule, other: CheckedRule): boolean {
  return (
    (rule.at === "anywhere" || other.at === "nearest") &&
    PATTERN_FIELDS.every(
      (field) => rule.pattern[field] === undefined || rule.pattern[field] === other.pattern[field],
    )
  );
}
