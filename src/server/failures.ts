import { isMessage, toBinary } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import {
  type Cause,
  type ErrorChain,
  ErrorChainSchema,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { type Classifier, observedCause } from "../catalog/cause-init.js";
import { composeChain } from "../chain/compose.js";
import { hasOwnChain, ownChainBytes, walkCauses } from "../chain/error-chain.js";
import { DEFAULT_MAX_BYTES } from "../chain/limits.js";
import { readChain } from "../chain/read.js";
import { sendableStatus } from "../chain/status.js";
import { isConnectError, isThenable, textOf } from "../chain/thrown.js";
import { type CallEnd, type FailedCall, lastFailures } from "../scope/failed-calls.js";
import type { RequestScope } from "../scope/request-scope.js";
import { isBareCancel } from "./ended.js";

/** Something that failed below this hop. */
export interface Failure {
  /** What was thrown for it. */
  readonly thrown: unknown;
  /** What this hop's status follows from. */
  readonly status: Code;
  /** The error that carries the chain, where one does. */
  readonly error?: ConnectError;
  /** What is known of it, encoded, where no error carries it. */
  readonly chain?: Uint8Array;
  /** How the call ended, where it was not the peer who ended it. */
  readonly end?: CallEnd;
}

/** What is known of failures, encoded. */
export function chainsOf(failures: readonly Failure[]): Uint8Array[] {
  const chains: Uint8Array[] = [];
  for (const { error, chain = ownChainBytes(error) } of failures) {
    if (chain !== undefined) {
      chains.push(chain);
    }
  }
  return chains;
}

/**
 * What a thrown value is or follows from, as far as it is known: errors with a
 * chain, failures that a classifier can name, and calls that ended with a signal.
 */
export function failuresBehind(
  reason: unknown,
  { failedCalls = [] }: RequestScope,
  classifiers: readonly Classifier[],
  onProblem: (problem: unknown) => void,
): Failure[] {
  if (reason === undefined) {
    return [];
  }
  if (hasOwnChain(reason)) {
    return [{ thrown: reason, status: reason.code, error: reason }]; // as mostly
  }
  const failures: Failure[] = [];
  const ended = failedCalls.filter(({ end }) => end !== undefined);
  walkCauses(reason, (value) => {
    if (hasOwnChain(value)) {
      failures.push({ thrown: value, status: value.code, error: value });
      return false;
    }
    const named = nameFailure(value, classifiers, onProblem);
    if (named !== undefined) {
      failures.push(named);
      return false;
    }
    for (const call of ended) {
      if (comesFrom(value, call.end?.reason) && !chainsOf(failures).includes(call.chain)) {
        failures.push(endedFailure(value, call));
      }
    }
    return true;
  });
  return failures;
}

/** What an error of the request most likely followed from, if its author does not say. */
export function inferredFailures(scope: RequestScope): Uint8Array[] {
  return scope.failedCalls === undefined
    ? NO_CHAINS
    : lastFailures(scope).map(({ chain }) => {
        const inferred = readChain(chain);
        const [nearest] = inferred.causes;
        if (nearest !== undefined) {
          nearest.inferred = true;
        }
        return toBinary(ErrorChainSchema, inferred);
      });
}

const NO_CHAINS: Uint8Array[] = [];

function nameFailure(
  value: unknown,
  classifiers: readonly Classifier[],
  onProblem: (problem: unknown) => void,
): Failure | undefined {
  for (const classify of classifiers) {
    try {
      const init = classify(value);
      if (isThenable(init)) {
        throw new TypeError("classify gave a promise");
      }
      if (init !== undefined && init !== null) {
        return isMessage(init, ErrorChainSchema)
          ? failureOfChain(value, init)
          : failureOfCause(value, observedCause(init, value));
      }
    } catch (problem) {
      onProblem(problem);
    }
  }
  return undefined;
}

function failureOfCause(thrown: unknown, cause: Cause): Failure {
  const chain = composeChain(cause, [], "", DEFAULT_MAX_BYTES);
  return { thrown, chain, status: cause.status as number };
}

/** Throws a TypeError if the chain is empty. */
function failureOfChain(thrown: unknown, chain: ErrorChain): Failure {
  const [nearest] = chain.causes;
  if (nearest === undefined) {
    throw new TypeError("classify gave a chain without causes");
  }
  const status = sendableStatus(nearest.status as number);
  return { thrown, chain: toBinary(ErrorChainSchema, chain), status };
}

function endedFailure(thrown: unknown, { chain, end }: FailedCall): Failure {
  const status = end?.how === "timed out" ? Code.DeadlineExceeded : Code.Canceled;
  return { thrown, chain, status, ...(end && { end }) };
}

/** Whether an error is what a signal was aborted with, or what connect-es makes of that. */
function comesFrom(error: unknown, signalReason: unknown): boolean {
  if (error === signalReason) {
    return true;
  }
  const text = signalReason instanceof Error ? signalReason.message : textOf(signalReason);
  return isConnectError(error) && isBareCancel(error) && error.rawMessage === text;
}
