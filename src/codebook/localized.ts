import type { LocalizedMessage } from "../../gen/errchain/v1/catalog_pb.js";
import { canonicalLocale, localizedProblem } from "../catalog/localized.js";

/**
 * The messages in other languages that callers can get, by locale.
 *
 * The author of a code can have a reason for one that is wrong, and ignore the rule. It is
 * left out, because defineError() would refuse the code as a whole. Of several messages
 * for a locale the first counts.
 */
export function usableMessages(
  localized: readonly LocalizedMessage[],
  args: readonly string[],
): ReadonlyMap<string, string> {
  const usable = new Map<string, string>();
  const taken = new Set<string | undefined>();
  for (const { locale, message } of localized) {
    const canonical = canonicalLocale(locale);
    const problem = localizedProblem({ [locale]: message }, args);
    if (problem === undefined && message.trim() !== "" && !taken.has(canonical)) {
      taken.add(canonical);
      usable.set(locale, message);
    }
  }
  return usable;
}
