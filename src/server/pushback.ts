import { Code } from "@connectrpc/connect";
import { walkCauses } from "../chain/error-chain.js";
import { repairChain } from "../chain/read.js";
import {
  bothRetryFacts,
  factsOfRetry,
  forbidRetry,
  PUSHBACK,
  type RetryFacts,
  retryFactsBesideChain,
  retryFactsOfChain,
} from "../chain/retry-facts.js";
import { scanChain } from "../chain/scan.js";
import { isConnectError } from "../chain/thrown.js";
import type { GivenUpCalls } from "../scope/request-scope.js";
import type { Answer } from "./classify.js";

/**
 * What is known of repeating a request that has failed.
 *
 * @param reason what was thrown: a callee behind it may speak no chain
 * @param answer the causes, before anything is hidden
 * @param unnamed calls that failed, where no cause was named
 */
export function retryFactsBehind(
  reason: unknown,
  { own, below }: Pick<Answer, "own" | "below">,
  unnamed: GivenUpCalls | undefined,
): RetryFacts {
  let facts = factsOfRetry(own.retry);
  for (const chain of below) {
    facts = bothRetryFacts(facts, retryFactsOfCauses(chain));
  }
  walkCauses(reason, (value) => {
    if (isConnectError(value)) {
      facts = bothRetryFacts(facts, retryFactsBesideChain(value));
    }
    return true;
  });
  return unnamed === undefined ? facts : bothRetryFacts(facts, unnamed.facts);
}

/** The facts of a chain from below, without those of what is no cause and is not passed on. */
function retryFactsOfCauses(chain: Uint8Array): RetryFacts {
  return retryFactsOfChain(scanChain(chain) === undefined ? repairChain(chain) : chain);
}

/**
 * The metadata of an answer, with what the caller should know about a repetition, as
 * gRPC clients of any kind read it (gRFC A6, "Pushback"). It leaves at every exposure,
 * since it says neither who failed nor why, and storms come from outside too.
 *
 * What the application has attached itself stays.
 */
export function addPushback(
  metadata: Headers | undefined,
  status: Code,
  facts: RetryFacts,
): Headers | undefined {
  const value = pushback(status, facts);
  if (value === undefined || metadata?.has(PUSHBACK)) {
    return metadata;
  }
  const withPushback = new Headers(metadata);
  withPushback.set(PUSHBACK, String(value));
  return withPushback;
}

function pushback(status: Code, facts: RetryFacts): number | undefined {
  if (forbidRetry(facts)) {
    return mayBeRetried(status) ? -1 : undefined;
  }
  return facts.delayMs > 0 ? Math.min(Math.ceil(facts.delayMs), MAX_INT32) : undefined;
}

const MAX_INT32 = 2 ** 31 - 1;

/**
 * Whether a client may come to repeat a call with this status by itself. The others
 * are answers to a wrong request. Clients count each negative pushback as a failure
 * of the server, so they must not get one for those (gRFC A6, "Throttling").
 */
function mayBeRetried(status: Code): boolean {
  switch (status) {
    case Code.InvalidArgument:
    case Code.NotFound:
    case Code.AlreadyExists:
    case Code.PermissionDenied:
    case Code.FailedPrecondition:
    case Code.OutOfRange:
    case Code.Unimplemented:
    case Code.Unauthenticated:
      return false;
    default:
      return true;
  }
}
