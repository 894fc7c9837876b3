import { create } from "@bufbuild/protobuf";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import {
  type Cause,
  CauseSchema,
  type ErrorChain,
  ErrorChainSchema,
  type Retry,
  Visibility,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { isIdentifier, isShortCode } from "../catalog/code-form.js";
import { helpLink } from "../chain/help-link.js";
import { type CauseNode, causeTree, flattenTree } from "../chain/tree.js";

/**
 * What a caller may see.
 *
 * - `"internal"`: the whole chain.
 * - `"partner"`: of every cause system, module, code, name, status and retry advice;
 *   message, args and help where the code's visibility is PARTNER or PUBLIC.
 * - `"public"`: system, module, code and status of the nearest cause, and all
 *   causes with the visibility PUBLIC, with message, args and help.
 */
export type Exposure = "internal" | "partner" | "public";

export function isExposure(value: unknown): value is Exposure {
  return value === "internal" || value === "partner" || value === "public";
}

/** What is said where the message of the nearest cause is not for the caller. */
export const GENERIC_MESSAGE = "the request could not be completed";

/**
 * A chain with what a caller may see. It is built anew from what is allowed, never
 * edited: what this function does not know of does not leave.
 */
export function exposeChain(chain: ErrorChain, exposure: Exposure): ErrorChain {
  if (exposure === "internal") {
    return chain;
  }
  const { traceId } = chain;
  const tree = causeTree(chain);
  if (tree === undefined) {
    return create(ErrorChainSchema, { traceId });
  }
  const exposed =
    exposure === "partner"
      ? exposeToPartner(tree)
      : { cause: publicCause(tree.cause), children: tree.children.flatMap(publicNodes) };
  return create(ErrorChainSchema, { traceId, causes: flattenTree(exposed) });
}

function exposeToPartner({ cause, children }: CauseNode): CauseNode {
  const { system, module, code, reason, status, visibility, retry, elided } = cause;
  const readable = visibility === Visibility.PARTNER || visibility === Visibility.PUBLIC;
  // Of a cause that he may not read, what stands in the place of a name must be one.
  const named = (text: string, isName: boolean, otherwise: string) =>
    readable || isName ? text : otherwise;
  const exposed = create(CauseSchema, {
    system: named(system, isIdentifier(system), "UNKNOWN"),
    module: named(module, isIdentifier(module), ""),
    code: named(code, isShortCode(code), String(BuiltinError.UNCLASSIFIED)),
    reason: named(reason, isShortCode(reason), ""),
    status,
    visibility,
    elided,
    ...(retry && { retry: rebuiltRetry(retry) }),
    ...(readable && textsOf(cause)),
  });
  return { cause: exposed, children: children.map(exposeToPartner) };
}

/** The public causes of a tree; what hangs below a hidden one moves up. */
function publicNodes({ cause, children }: CauseNode): CauseNode[] {
  const below = children.flatMap(publicNodes);
  return cause.visibility === Visibility.PUBLIC
    ? [{ cause: publicCause(cause), children: below }]
    : below;
}

function publicCause(cause: Cause): Cause {
  const { system, module, code, status, visibility } = cause;
  const identity = { system, module, code, status };
  return visibility === Visibility.PUBLIC
    ? create(CauseSchema, { ...identity, reason: cause.reason, visibility, ...textsOf(cause) })
    : create(CauseSchema, identity);
}

function textsOf({ message, args, help }: Cause) {
  return { message, args: { ...args }, help: helpLink(help) };
}

function rebuiltRetry({ advice, delay, attempts }: Retry) {
  return {
    advice,
    attempts,
    ...(delay && { delay: { seconds: delay.seconds, nanos: delay.nanos } }),
  };
}
