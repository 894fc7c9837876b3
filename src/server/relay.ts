import { create, toBinary } from "@bufbuild/protobuf";
import { Code, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import { BuiltinError } from "../../gen/errchain/v1/builtin_errors_pb.js";
import {
  type Cause,
  CauseSchema,
  ErrorChainSchema,
  Provenance,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { builtinCause } from "../catalog/builtin.js";
import { raisedAs } from "../catalog/raised.js";
import { readChain, repairChain } from "../chain/read.js";
import { scanChain } from "../chain/scan.js";
import { sendableStatus } from "../chain/status.js";
import { isThenable, textOf } from "../chain/thrown.js";
import { type Answer, applicationAnswer, type Downstream, ownAnswer } from "./classify.js";
import type { FailedRequest } from "./ended.js";
import { type CheckedRule, translate } from "./translate.js";

/**
 * Which RPC status a hop answers with where a downstream call failed and nobody
 * said what that means here.
 *
 * - `"safe"`: four statuses say something true about this request too, and stay:
 *   UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED and ABORTED. All others
 *   become INTERNAL: a callee's NOT_FOUND or UNAUTHENTICATED is about the request
 *   that *we* made, and a caller who takes it for an answer to his own does
 *   damage, see gRFC A54.
 * - `"keep"`: the callee's status.
 * - a function of the nearest downstream cause and the request. Where it throws, or
 *   gives what is no status of a failed RPC, `"safe"` decides.
 */
export type RelayPolicy =
  | "safe"
  | "keep"
  | ((cause: Cause, request: UnaryRequest | StreamRequest) => Code);

/** How a hop answers for failed calls. */
export interface RelayOptions {
  readonly translate: readonly CheckedRule[];
  readonly relay: RelayPolicy;
}

/** The answer for a failed call: that of a translation rule, or the built-in DOWNSTREAM. */
export function relayDownstream(
  reason: unknown,
  downstream: Downstream,
  request: FailedRequest,
  { translate: rules, relay }: RelayOptions,
  onProblem: (problem: unknown) => void,
): Answer {
  const { below, status, privateArgs } = downstream;
  if (rules.length > 0) {
    const error = translate(rules, knownChains(downstream), reason, onProblem);
    const raised = error && raisedAs(error);
    if (error !== undefined && raised !== undefined) {
      const answered = { below, named: below.length > 0 };
      return { ...applicationAnswer(error, { ...raised.own }, answered), error };
    }
  }
  const own = builtinCause(BuiltinError.DOWNSTREAM, {
    component: request.component,
    provenance: Provenance.FILLED_IN,
    status: relayedStatus() as number,
    privateArgs,
  });
  return ownAnswer(own, { below, named: below.length > 0 });

  function relayedStatus(): Code {
    if (relay === "keep") {
      return sendableStatus(status);
    }
    if (typeof relay === "function") {
      const [chain] = below;
      const nearest = chain
        ? readChain(chain).causes[0]
        : create(CauseSchema, { status: status as number });
      try {
        const chosen = relay(nearest ?? create(CauseSchema), request.req);
        if (typeof chosen === "number" && chosen in Code) {
          return chosen;
        }
        const what = isThenable(chosen) ? "a promise" : textOf(chosen);
        onProblem(new TypeError(`relay gave ${what}, which is no status`));
      } catch (problem) {
        onProblem(problem);
      }
    }
    return safeStatus(status);
  }
}

/** What rules may look at. Of a call whose client has no interceptor of ours that is the status alone. */
function knownChains({ below, status }: Downstream): Uint8Array[] {
  if (below.length === 0) {
    const causes = [{ status: status as number }];
    return [toBinary(ErrorChainSchema, create(ErrorChainSchema, { causes }))];
  }
  return below.map((bytes) => (scanChain(bytes) === undefined ? repairChain(bytes) : bytes));
}

function safeStatus(downstream: Code): Code {
  switch (downstream) {
    case Code.Unavailable:
    case Code.DeadlineExceeded:
    case Code.ResourceExhausted:
    case Code.Aborted:
      return downstream;
    default:
      return Code.Internal;
  }
}
