import type { ErrorCode } from "../../gen/errchain/v1/catalog_pb.js";
import { ErrorRetry_Value, ErrorStatus_Value } from "../../gen/errchain/v1/catalog_pb.js";
import { isBuiltinCode, isShortCode } from "../catalog/code-form.js";
import { canonicalLocale } from "../catalog/localized.js";
import { parseTemplate } from "../catalog/template.js";
import type { CodebookCode } from "./codebook.js";
import { retryDelayProblem } from "./retry-delay.js";

/** Gives what is wrong with a code and what to do about it; undefined where all is well. */
type CodeRule = (code: CodebookCode, declared: ErrorCode) => string | undefined;

/** Rules about one code on its own, by name. */
export const codeRules: Readonly<Record<string, CodeRule>> = {
  "number-range"({ desc }) {
    if (desc.number === 0) {
      return "0 is no error; give the code a number from 100";
    }
    if (desc.number < 0) {
      return `the number ${desc.number} is negative; take one from 100`;
    }
    return isBuiltinCode(String(desc.number))
      ? `the numbers 1 to 99 are built in and mean the same in every system; take one from 100`
      : undefined;
  },

  "number-alias"({ desc }) {
    const first = desc.parent.values.find(({ number }) => number === desc.number);
    return first !== desc && first !== undefined
      ? `${first.name} has the number ${desc.number} too; give each code a number of its own`
      : undefined;
  },

  "reason-form": ({ reason }) =>
    isShortCode(reason)
      ? undefined
      : `the name ${reason} is longer than 63 characters; take a shorter one`,

  "status-missing": (_, { status }) =>
    status === ErrorStatus_Value.VALUE_UNSPECIFIED
      ? "there is no status; say which RPC status the error is answered with"
      : undefined,

  "message-missing": (_, { message }) =>
    message.trim() === ""
      ? "there is no message; write one plain sentence for a person who does not know the code"
      : undefined,

  "message-placeholder": (_, { message }) => badPlaceholder(message),

  "private-in-message"({ args }, { privateArgs }) {
    const name = args.find((arg) => privateArgs.includes(arg));
    return name !== undefined
      ? `the message shows the private arg {${name}}; take it out of one of the two`
      : undefined;
  },

  "private-arg-form"(_, { privateArgs }) {
    const bad = privateArgs.find((name) => !/^[a-z][a-z0-9_]*$/.test(name));
    if (bad !== undefined) {
      return `the private arg ${JSON.stringify(bad)} must have the form [a-z][a-z0-9_]*`;
    }
    const twice = privateArgs.find((name, index) => privateArgs.indexOf(name) !== index);
    return twice !== undefined ? `the private arg ${twice} is named twice` : undefined;
  },

  "retry-delay"(_, { retry, retryDelay }) {
    if (retryDelay === undefined) {
      return undefined;
    }
    return retry === ErrorRetry_Value.DO_NOT_RETRY
      ? "retry_delay says when to retry, but retry says DO_NOT_RETRY; take one of them out"
      : retryDelayProblem(retryDelay);
  },

  "help-link": (_, { help }) =>
    help === "" || /^https?:\/\/[^\s<>]+$/.test(help)
      ? undefined
      : `help ${JSON.stringify(help)} is no link; write one that begins with https://`,

  "localized-locale"({ catalog }, { localized }) {
    const locales = localized.map(({ locale }) => locale);
    const bad = locales.find((locale) => canonicalLocale(locale) === undefined);
    if (bad !== undefined) {
      return `the locale ${JSON.stringify(bad)} is no BCP 47 language tag such as "zh-CN"`;
    }
    const canonical = [catalog.locale || "en", ...locales].map(canonicalLocale);
    const twice = canonical.find((locale, index) => canonical.indexOf(locale) !== index);
    return twice !== undefined ? `there are two messages for the locale ${twice}` : undefined;
  },

  "localized-message"({ args }, { localized }) {
    for (const { locale, message } of localized) {
      if (message.trim() === "") {
        return `the message for ${locale} is empty`;
      }
      const bad = badPlaceholder(message);
      if (bad !== undefined) {
        return `for ${locale}, ${bad}`;
      }
      const names = parseTemplate(message).names;
      const missing = args.find((name) => !names.includes(name));
      const extra = names.find((name) => !args.includes(name));
      if (missing !== undefined || extra !== undefined) {
        return missing !== undefined
          ? `the message for ${locale} does not show {${missing}}, but the default message does`
          : `the message for ${locale} shows {${extra}}, but the default message does not`;
      }
    }
    return undefined;
  },
};

/** What is wrong with the braces of a message. */
function badPlaceholder(message: string): string | undefined {
  // What remains when good placeholders and doubled braces are taken away.
  const rest = message.replaceAll(/\{\{|\}\}|\{[a-z][a-z0-9_]*\}/g, "");
  const [bad] = /\{[^{}]*\}?|\}/.exec(rest) ?? [];
  return bad !== undefined
    ? `${bad} in the message is no placeholder; write {name} in lower case, or {{ and }} for braces`
    : undefined;
}
