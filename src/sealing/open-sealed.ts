import { base64Decode } from "@bufbuild/protobuf/wire";
import type { ErrorChain } from "../../gen/errchain/v1/error_chain_pb.js";
import { errorChain } from "../chain/error-chain.js";
import { readChain } from "../chain/read.js";
import { parseSealed, unpadContent } from "./sealed-format.js";
import type { SealingKey } from "./sealing-key.js";

/**
 * Opens what a boundary has sealed, and gives the chain as it was on the inside.
 *
 * Takes an error or a chain with a sealed part; the sealed bytes; or their base64
 * text, with line breaks and spaces in it as from a screenshot. Rejects with an
 * Error that says why where it cannot be opened: it is none, was changed or cut
 * off, or its key is not among the keys.
 */
export async function openSealed(
  sealed: unknown,
  keys: SealingKey | readonly SealingKey[],
): Promise<ErrorChain> {
  const { header, keyId, nonce, content } = parseSealed(sealedBytes(sealed));
  const all = [keys].flat();
  const candidates = all.filter(({ id }) => id === keyId);
  if (candidates.length === 0) {
    const known = all.map(({ id }) => JSON.stringify(id)).join(", ") || "none";
    throw new Error(
      `the chain was sealed with the key ${JSON.stringify(keyId)}; the keys at hand are ${known}`,
    );
  }
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: header };
  for (const key of candidates) {
    try {
      const opened = await crypto.subtle.decrypt(algorithm, await key.cryptoKey, content);
      return readChain(unpadContent(new Uint8Array(opened)));
    } catch {
      // Another key may have the same ID.
    }
  }
  throw new Error(
    `the sealed chain was changed or cut off, or ${JSON.stringify(keyId)} is not the same key that sealed it`,
  );
}

function sealedBytes(sealed: unknown): Uint8Array {
  if (sealed instanceof Uint8Array) {
    return sealed;
  }
  if (typeof sealed === "string") {
    try {
      return base64Decode(sealed.replaceAll(/\s/g, ""));
    } catch (cause) {
      throw new Error("this is no base64 text", { cause });
    }
  }
  const bytes = errorChain(sealed)?.sealed;
  if (bytes === undefined || bytes.length === 0) {
    throw new Error("there is nothing sealed in this error");
  }
  return bytes;
}
