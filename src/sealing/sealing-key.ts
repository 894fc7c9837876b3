import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";

/** A key that seals and opens what a boundary hides. Made by sealingKey(). */
export interface SealingKey {
  /** Which key it is; travels with what it has sealed, so that keys can be changed. */
  readonly id: string;
  /** The imported key. */
  readonly cryptoKey: Promise<CryptoKey>;
}

const PREFIX = "errchain-key-1";
const KEY_BYTES = 32;

/**
 * Reads a key from the text that `errchain keygen` prints. Whoever has it can open
 * what was sealed with it: keep it where secrets are kept.
 *
 * Throws a TypeError if the text is no such key.
 */
export function sealingKey(text: string): SealingKey {
  const [prefix, id = "", secret = "", ...rest] = String(text).trim().split(".");
  let bytes = new Uint8Array();
  try {
    bytes = base64Decode(secret);
  } catch {
    // Not base64: too short below.
  }
  if (prefix !== PREFIX || !isKeyId(id) || bytes.length !== KEY_BYTES || rest.length > 0) {
    throw new TypeError(`not a sealing key: it must be what "errchain keygen" prints, ${PREFIX}.…`);
  }
  const cryptoKey = crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  return { id, cryptoKey };
}

/**
 * Makes a new key and gives its text for sealingKey().
 *
 * @param id which key it is: 1 to 32 letters, digits, `-` and `_`
 */
export function newSealingKey(id: string): string {
  if (!isKeyId(id)) {
    throw new TypeError(`the key ID ${JSON.stringify(id)} must have the form [A-Za-z0-9_-]{1,32}`);
  }
  const secret = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return `${PREFIX}.${id}.${base64Encode(secret, "url")}`;
}

/** Whether a text may be the ID of a key. */
export function isKeyId(id: string): boolean {
  return /^[A-Za-z0-9_-]{1,32}$/.test(id);
}
