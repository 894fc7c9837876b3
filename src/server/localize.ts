import type { Cause } from "../../gen/errchain/v1/error_chain_pb.js";
import { parseAcceptLanguage } from "../catalog/accept-language.js";
import { hasLocalized, localizedMessage } from "../catalog/localized.js";
import { fullCode } from "../chain/full-code.js";

/**
 * The languages in which a caller wants to read, best first; empty where he does
 * not say, or where no definition of this process has a message in another one.
 */
export function wantedLanguages(requestHeader: Headers): readonly string[] {
  const header = hasLocalized() ? requestHeader.get("accept-language") : null;
  return header === null ? [] : parseAcceptLanguage(header);
}

/** Puts the message of a cause into the best of the languages that its definition has. */
export function localize(cause: Cause, languages: readonly string[]): void {
  cause.message = localizedMessage(fullCode(cause), cause.args, languages) ?? cause.message;
}
