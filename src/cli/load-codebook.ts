import { readFileSync } from "node:fs";
import { type Codebook, readCodebook } from "../codebook/codebook.js";
import { type Image, readImage } from "../codebook/image.js";
import { readStandardInput } from "./read-input.js";
import { UsageError } from "./usage-error.js";

/** What an image declares: in all its files, and in those of the module itself. */
export interface LoadedCodebook {
  readonly all: Codebook;
  readonly own: Codebook;
}

/** What stands for an image on standard input. */
export const STANDARD_INPUT = "-";

/**
 * Reads the catalogs of an image, from a file or from standard input. Throws a UsageError if
 * there is no such file, or it is none.
 */
export function loadCodebook(file: string): LoadedCodebook {
  const bytes = readBytes(file);
  let image: Image;
  try {
    image = readImage(bytes);
  } catch (err) {
    const name = file === STANDARD_INPUT ? "on standard input" : file;
    throw new UsageError(`cannot use the image ${name}: ${(err as Error).message}`);
  }
  return { all: readCodebook(image.files), own: readCodebook(image.own) };
}

function readBytes(file: string): Uint8Array {
  if (file === STANDARD_INPUT) {
    return readStandardInput("an image on standard input");
  }
  try {
    return readFileSync(file);
  } catch (err) {
    throw new UsageError(`cannot read the image ${file}: ${(err as Error).message}`);
  }
}
