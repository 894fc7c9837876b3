import { create } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import {
  type Cause,
  type ErrorChain,
  ErrorChainSchema,
  Status,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { errorChain, errorsWithChain } from "../chain/error-chain.js";
import { fullCode } from "../chain/full-code.js";
import { helpLink } from "../chain/help-link.js";
import { toHex } from "../chain/hex.js";
import { sendableStatus } from "../chain/status.js";
import { isConnectError } from "../chain/thrown.js";
import { type Exposure, exposeChain, GENERIC_MESSAGE, isExposure } from "../server/expose.js";
import { httpStatus } from "./http-status.js";

export interface ErrorResponseOptions {
  /** What the reader of the response may see. Default: `"public"`. */
  readonly exposure?: Exposure;
}

/** A response for a front end that does not speak RPC: give it to any HTTP framework. */
export interface HttpErrorResponse<Body> {
  /** The HTTP status, from the status of the error as the Connect protocol maps it. */
  readonly status: number;
  readonly headers: { readonly "content-type": string };
  /** To be written as JSON. */
  readonly body: Body;
}

/** The body of an error. That of a good answer is `{ code: "OK", message, data }`. */
export interface ErrorBody {
  /** The full code of the nearest cause; the name of the status for an error without a chain. */
  readonly code: string;
  readonly message: string;
  readonly data: null;
  /** For people to quote; 32 hex digits, or empty. */
  readonly traceId: string;
  readonly causes: readonly CauseBody[];
}

/** A cause that the reader may see, nearest first. */
export interface CauseBody {
  readonly code: string;
  /** Empty where the reader may not see it. */
  readonly message: string;
  readonly reason?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly privateArgs?: Readonly<Record<string, string>>;
  readonly help?: string;
}

/** The body of an error as RFC 9457 has it, with what ErrorBody has more. */
export interface ProblemBody extends Omit<ErrorBody, "message" | "data"> {
  /** The help link of the nearest cause, or `"about:blank"`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/**
 * An error as a JSON response: `{ code, message, data: null, traceId, causes }`.
 * Takes any thrown value. What a reader may see is decided as for RPC.
 */
export function errorResponse(
  error: unknown,
  options?: ErrorResponseOptions,
): HttpErrorResponse<ErrorBody> {
  const { status, code, message, traceId, causes } = describe(error, options);
  return {
    status,
    headers: { "content-type": "application/json" },
    body: { code, message, data: null, traceId, causes },
  };
}

/** An error as a response of the type `application/problem+json`, see RFC 9457. Takes any thrown value. */
export function problemDetails(
  error: unknown,
  options?: ErrorResponseOptions,
): HttpErrorResponse<ProblemBody> {
  const { status, code, message, traceId, causes, help, title } = describe(error, options);
  return {
    status,
    headers: { "content-type": "application/problem+json" },
    body: { type: help || "about:blank", title, status, detail: message, code, traceId, causes },
  };
}

function describe(error: unknown, { exposure = "public" }: ErrorResponseOptions = {}) {
  if (!isExposure(exposure)) {
    throw new TypeError(
      `exposure must be "internal", "partner" or "public", not ${JSON.stringify(exposure)}`,
    );
  }
  // The same error as for RPC: that with the chain, which others may wrap.
  const [carrier = error] = errorsWithChain(error);
  const { rpcStatus, rawMessage } = readConnectError(carrier);
  const whole = errorChain(carrier) ?? create(ErrorChainSchema);
  const ownMessage = exposure === "internal" ? rawMessage : "";
  const chain: ErrorChain = exposeChain(whole, exposure);
  const [nearest] = chain.causes;
  const name = Status[rpcStatus] ?? Status[Status.UNKNOWN];
  return {
    status: httpStatus(rpcStatus),
    code: nearest ? fullCode(nearest) : name,
    message: ownMessage || nearest?.message || GENERIC_MESSAGE,
    title: name.charAt(0) + name.slice(1).toLowerCase().replaceAll("_", " "),
    help: helpLink(nearest?.help ?? ""),
    traceId: toHex(chain.traceId),
    causes: chain.causes.map(causeBody),
  };
}

/** What a ConnectError says beside its chain. Never throws, also where that are getters. */
function readConnectError(error: unknown): { rpcStatus: Code; rawMessage: string } {
  try {
    if (isConnectError(error)) {
      return { rpcStatus: sendableStatus(error.code), rawMessage: error.rawMessage };
    }
  } catch {
    // As any other value.
  }
  return { rpcStatus: Code.Internal, rawMessage: "" };
}

function causeBody(cause: Cause): CauseBody {
  const { message, reason, args, privateArgs } = cause;
  const help = helpLink(cause.help);
  return {
    code: fullCode(cause),
    message,
    ...(reason && { reason }),
    ...(Object.keys(args).length > 0 && { args }),
    ...(Object.keys(privateArgs).length > 0 && { privateArgs }),
    ...(help && { help }),
  };
}
