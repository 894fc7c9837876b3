import type { ErrorChain } from "../../gen/errchain/v1/error_chain_pb.js";
import { isIdentifier, isShortCode } from "../catalog/code-form.js";

/** Whether a chain has causes whose codes have the form of codes: another message hardly has. */
export function isWellFormed({ causes }: ErrorChain): boolean {
  return (
    causes.length > 0 &&
    causes.every(
      ({ system, module, code }) =>
        isIdentifier(system) && (module === "" || isIdentifier(module)) && isShortCode(code),
    )
  );
}
