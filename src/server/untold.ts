import { hasOwnChain, walkCauses } from "../chain/error-chain.js";
import { readText, textOf } from "../chain/thrown.js";
import { truncateUtf8 } from "../chain/utf8.js";
import type { Failure } from "./failures.js";

const MAX_TEXT_BYTES = 256;
const MAX_ERRORS = 8;

/**
 * What a thrown value and the errors behind it say that no chain tells, for engineers:
 * `Error: cannot load the order ← TypeError: rows[0] is undefined`. As the private arg
 * `error`; none where chains tell all.
 *
 * @param told failures that have a cause of their own in the chain
 */
export function untoldError(value: unknown, told: readonly Failure[]): Record<string, string> {
  const texts: string[] = [];
  walkCauses(value, (each) => {
    if (hasOwnChain(each) || told.some(({ thrown }) => thrown === each)) {
      return false;
    }
    const message = readText(each, "message");
    // Who wraps an error often says the same again.
    if (texts.length < MAX_ERRORS && !(message !== "" && texts.join().includes(message))) {
      texts.push(textOf(each));
    }
    return true;
  });
  return texts.length > 0 ? { error: truncateUtf8(texts.join(" ← "), MAX_TEXT_BYTES) } : {};
}
