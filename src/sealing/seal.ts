import { create, toBinary } from "@bufbuild/protobuf";
import { type ErrorChain, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";
import { boundChain } from "../chain/bound.js";
import { rootOfChain } from "../chain/root-cause.js";
import {
  LENGTH_BYTES,
  NONCE_BYTES,
  padContent,
  sealedHeader,
  sealedOverhead,
} from "./sealed-format.js";
import type { SealingKey } from "./sealing-key.js";

/**
 * Encrypts a chain for those who hold the key, in at most `maxBytes` bytes. Where
 * the whole does not fit, causes go as in boundChain(); where only one fits, that
 * is the root cause. Empty if not even that fits.
 */
export async function sealChain(
  chain: ErrorChain,
  key: SealingKey,
  maxBytes: number,
): Promise<Uint8Array> {
  const content = contentOf(chain, maxBytes - sealedOverhead(key.id));
  if (content.length === 0) {
    return content;
  }
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const header = sealedHeader(key.id);
  const encrypted = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: nonce, additionalData: header },
    await key.cryptoKey,
    content,
  );
  return Uint8Array.of(...header, ...nonce, ...new Uint8Array(encrypted));
}

function contentOf(chain: ErrorChain, maxBytes: number): Uint8Array<ArrayBuffer> {
  const root = rootOfChain(chain);
  const chainBytes = maxBytes - LENGTH_BYTES;
  const bounded = boundChain(chain, chainBytes);
  const keepsRoot = bounded.causes.length > 1 || chain.causes.length === 1;
  const kept =
    keepsRoot || root === undefined
      ? bounded
      : boundChain(
          create(ErrorChainSchema, {
            traceId: chain.traceId,
            causes: [{ ...root, branches: 0 }],
          }),
          chainBytes,
        );
  return kept.causes.length > 0
    ? padContent(toBinary(ErrorChainSchema, kept), maxBytes)
    : new Uint8Array();
}
