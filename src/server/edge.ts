import { toBinary } from "@bufbuild/protobuf";
import { type ErrorChain, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { boundChain } from "../chain/bound.js";
import { type ErrorDetail, typeNameOf } from "../chain/error-chain.js";
import { chainBudget } from "../chain/limits.js";
import { readChain } from "../chain/read.js";
import { sealChain } from "../sealing/seal.js";
import type { SealingKey } from "../sealing/sealing-key.js";
import { type Exposure, exposeChain, GENERIC_MESSAGE } from "./expose.js";
import { googleDetails } from "./google-details.js";

/** What leaves this hop, all but the status. */
export interface Outgoing {
  readonly message: string;
  /** The encoded chain. */
  readonly chain: Uint8Array;
  readonly details: readonly ErrorDetail[];
  readonly metadata: Headers | undefined;
}

/** How answers are made for those who call. */
export interface EdgeOptions {
  /** Type names of details that callers outside may see too. */
  readonly exposeDetails: readonly string[];
  /** Names of headers and trailers that callers outside may see too. */
  readonly exposeMetadata: readonly string[];
  readonly sealing: SealingKey | undefined;
  readonly googleDetails: boolean;
  readonly maxBytes: number;
}

/** Makes an answer for its caller: what he may see, what is sealed, what foreign clients read. */
export async function atEdge(
  inside: Outgoing,
  exposure: Exposure,
  options: EdgeOptions,
  onProblem: (problem: unknown) => void,
): Promise<Outgoing> {
  const whole = readChain(inside.chain);
  const exposed = exposeChain(whole, exposure);
  const [nearest] = exposed.causes;
  const isInside = exposure === "internal";
  const message = isInside ? inside.message : nearest?.message || GENERIC_MESSAGE;
  const details = isInside ? inside.details : allowedDetails(inside.details, options);
  const metadata = isInside ? inside.metadata : allowedMetadata(inside.metadata, options);

  const budget = chainBudget(options.maxBytes, message);
  const forOthers =
    nearest === undefined ? [] : googleDetails(nearest, details, budget / 4, options.googleDetails);
  let left = chainBudget(options.maxBytes, message, forOthers);
  let chain = boundChain(exposed, left);
  if (chain.causes.length === 0 && forOthers.length > 0) {
    forOthers.length = 0; // the chain says more
    left = budget;
    chain = boundChain(exposed, left);
  }
  if (options.sealing !== undefined && !isInside) {
    const room = left - toBinary(ErrorChainSchema, chain).length - SEALED_FIELD_BYTES;
    chain.sealed = await sealedPart(whole, options.sealing, room, onProblem);
  }
  return {
    message,
    chain: toBinary(ErrorChainSchema, chain),
    details: [...details, ...forOthers],
    metadata,
  };
}

/** The whole chain, sealed; empty where it does not fit, or the key fails. */
async function sealedPart(
  whole: ErrorChain,
  key: SealingKey,
  room: number,
  onProblem: (problem: unknown) => void,
): Promise<Uint8Array> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const problem = new Error(`the sealing key ${JSON.stringify(key.id)} is not ready`);
    timer = setTimeout(reject, SEALING_TIMEOUT_MS, problem);
  });
  try {
    return await Promise.race([sealChain(whole, key, room), late]);
  } catch (problem) {
    onProblem(problem);
    return new Uint8Array();
  } finally {
    clearTimeout(timer);
  }
}

/** A key may come from elsewhere. The answer does not wait for it longer than this. */
const SEALING_TIMEOUT_MS = 250;

/** The tag and the length of `ErrorChain.sealed`. */
const SEALED_FIELD_BYTES = 3;

function allowedDetails(details: readonly ErrorDetail[], { exposeDetails }: EdgeOptions) {
  return details.filter((detail) => exposeDetails.includes(typeNameOf(detail)));
}

function allowedMetadata(metadata: Headers | undefined, { exposeMetadata }: EdgeOptions) {
  const allowed = new Headers();
  for (const name of exposeMetadata) {
    const value = metadata?.get(name);
    // The one header whose values cannot be joined (RFC 9110, section 5.3).
    const values =
      name.toLowerCase() === "set-cookie" ? metadata?.getSetCookie() : value && [value];
    for (const each of values || []) {
      allowed.append(name, each);
    }
  }
  return allowed;
}
