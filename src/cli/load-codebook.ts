import { readFileSync } from "node:fs";
import { type Codebook, readCodebook } from "../codebook/codebook.js";
import { type Image, readImage } from "../codebook/image.js";
import { UsageError } from "./usage-error.js";

/** What an image declares: in all its files, and in those of the module itself. */
export interface LoadedCodebook {
  readonly all: Codebook;
  readonly own: Codebook;
}

/** Reads the catalogs of an image file. Throws a UsageError if there is no such file, or it is none. */
export function loadCodebook(file: string): LoadedCodebook {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (err) {
    throw new UsageError(`cannot read the image ${file}: ${(err as Error).message}`);
  }
  let image: Image;
  try {
    image = readImage(bytes);
  } catch (err) {
    throw new UsageError(`cannot use the image ${file}: ${(err as Error).message}`);
  }
  return { all: readCodebook(image.files), own: readCodebook(image.own) };
}
