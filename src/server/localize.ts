import { toBinary } from "@bufbuild/protobuf";
import { ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { parseAcceptLanguage } from "../catalog/accept-language.js";
import { hasLocalized, localizedMessage } from "../catalog/localized.js";
import { boundChain } from "../chain/bound.js";
import { fullCode } from "../chain/full-code.js";
import { chainBudget } from "../chain/limits.js";
import { readChain } from "../chain/read.js";

/**
 * The chain and the message of an error in the language that the caller asks
 * for, as far as the definitions of its causes are loaded and have it.
 */
export function localize(
  error: { readonly message: string; readonly chain: Uint8Array },
  requestHeader: Headers,
  maxBytes: number,
): { readonly message: string; readonly chain: Uint8Array } {
  const acceptLanguage = requestHeader.get("accept-language");
  const ranges = acceptLanguage && hasLocalized() ? parseAcceptLanguage(acceptLanguage) : [];
  if (ranges.length === 0) {
    return error;
  }
  const chain = readChain(error.chain);
  let { message } = error;
  for (const [index, cause] of chain.causes.entries()) {
    const localized = localizedMessage(fullCode(cause), cause.args, ranges);
    if (localized !== undefined) {
      if (index === 0 && cause.message === message) {
        message = localized;
      }
      cause.message = localized;
    }
  }
  const bounded = boundChain(chain, chainBudget(maxBytes, message));
  return { message, chain: toBinary(ErrorChainSchema, bounded) };
}
