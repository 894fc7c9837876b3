import { readFileSync } from "node:fs";
import { type Codebook, readCodebook } from "../codebook/codebook.js";
import { readImage } from "../codebook/image.js";
import { UsageError } from "./usage-error.js";

/** Reads the catalogs of an image file. Throws a UsageError if there is no such file, or it is none. */
export function loadCodebook(file: string): Codebook {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (err) {
    throw new UsageError(`cannot read the image ${file}: ${(err as Error).message}`);
  }
  try {
    return readCodebook(readImage(bytes));
  } catch (err) {
    throw new UsageError(`cannot use the image ${file}: ${(err as Error).message}`);
  }
}
