import { isKeyId } from "./sealing-key.js";

// What `ErrorChain.sealed` looks like:
//
//   1 byte    version, 1
//   1 byte    length of the key ID
//   n bytes   key ID, ASCII
//   12 bytes  nonce
//   m bytes   AES-256-GCM of the content
//   16 bytes  its tag, which also covers version and key ID
//
// The content is 4 bytes with the length of an encoded ErrorChain (big-endian), the
// chain, and zeros up to a multiple of 1,024 bytes or to all the room there is, so
// that the length does not tell how many causes are hidden.

export const VERSION = 1;
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The length in front of the chain. */
export const LENGTH_BYTES = 4;
const PADDED_TO_BYTES = 1024;

/** A chain as the content of a sealed value of at most `maxBytes` bytes; empty if it does not fit. */
export function padContent(chain: Uint8Array, maxBytes: number): Uint8Array<ArrayBuffer> {
  const needed = LENGTH_BYTES + chain.length;
  if (needed > maxBytes) {
    return new Uint8Array();
  }
  const padded = Math.ceil(needed / PADDED_TO_BYTES) * PADDED_TO_BYTES;
  const content = new Uint8Array(Math.min(padded, maxBytes));
  new DataView(content.buffer).setUint32(0, chain.length);
  content.set(chain, LENGTH_BYTES);
  return content;
}

/** The chain in the content of a sealed value. */
export function unpadContent(content: Uint8Array): Uint8Array {
  const length = new DataView(content.buffer, content.byteOffset).getUint32(0);
  return content.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
}

/** A sealed value, taken apart. */
export interface SealedParts {
  /** Version and key ID: what the tag covers besides the content. */
  readonly header: Uint8Array<ArrayBuffer>;
  readonly keyId: string;
  readonly nonce: Uint8Array<ArrayBuffer>;
  /** Encrypted content and tag. */
  readonly content: Uint8Array<ArrayBuffer>;
}

/** Version and key ID as they stand at the beginning of a sealed value. */
export function sealedHeader(keyId: string): Uint8Array<ArrayBuffer> {
  const id = new TextEncoder().encode(keyId);
  return Uint8Array.of(VERSION, id.length, ...id);
}

/** How many bytes sealing adds to its content. */
export function sealedOverhead(keyId: string): number {
  return 2 + keyId.length + NONCE_BYTES + TAG_BYTES;
}

/** Takes a sealed value apart. Throws an Error if it cannot be one. */
export function parseSealed(sealed: Uint8Array): SealedParts {
  const bytes = Uint8Array.from(sealed);
  const [version, idLength = 0] = bytes;
  if (bytes.length === 0 || version !== VERSION) {
    throw new Error("this is no sealed chain, or one of a later version");
  }
  const nonceAt = 2 + idLength;
  const contentAt = nonceAt + NONCE_BYTES;
  if (bytes.length < contentAt + TAG_BYTES) {
    throw new Error("the sealed chain is cut off");
  }
  const keyId = new TextDecoder().decode(bytes.subarray(2, nonceAt));
  if (!isKeyId(keyId)) {
    throw new Error("this is no sealed chain");
  }
  return {
    header: bytes.slice(0, nonceAt),
    keyId,
    nonce: bytes.slice(nonceAt, contentAt),
    content: bytes.slice(contentAt),
  };
}
