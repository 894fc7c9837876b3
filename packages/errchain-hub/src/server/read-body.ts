import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { BadRequestError } from "../otlp/bad-request-error.js";
import type { Hold } from "./held-bytes.js";

/** What OTLP receivers commonly accept, after decompression. */
export const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

/** A client may take its time for a large request, but not for ever. */
export const REQUEST_TIMEOUT_MS = 300_000;

/**
 * Reads content to its end; from then on the request holds it. Throws a
 * BadRequestError or an UnavailableError.
 */
export async function readBody(chunks: AsyncIterable<Uint8Array>, hold: Hold): Promise<Buffer> {
  const read: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MAX_REQUEST_BYTES) {
      throw new BadRequestError(
        `the request is larger than ${MAX_REQUEST_BYTES} bytes; send less at a time`,
        true,
      );
    }
    hold.add(chunk.length);
    read.push(chunk);
  }
  return Buffer.concat(read);
}

/** What comes out of a gzip. Whoever does not want the rest can still answer. */
export async function* unzipped(content: Readable): AsyncIterable<Buffer> {
  const gunzip = createGunzip();
  // A sender that goes away; pipeline() would hang up on one whose body is no gzip.
  content.once("error", (err) => gunzip.destroy(err));
  try {
    yield* content.pipe(gunzip);
  } catch (err) {
    const isSendersFault = (err as NodeJS.ErrnoException).code?.startsWith("Z_");
    throw isSendersFault ? new BadRequestError("the content is no gzip") : err;
  }
}
