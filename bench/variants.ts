import type { Protocol } from "./connect.ts";
import { failureVariants } from "./failure.ts";
import type { Path } from "./result.ts";
import { successVariants } from "./success.ts";
import type { Variant } from "./variant.ts";

/** What is compared on a path. The first is the baseline. */
export function variantsOf(path: Path, protocol: Protocol): Variant[] {
  return path === "success" ? successVariants(protocol) : failureVariants(protocol);
}
