/** Messages are kept up to so many characters. */
const MAX_MESSAGE = 8192;

/** A text from outside as it is stored: well-formed, and not longer than it is useful. */
export function shortened(text: string, max = MAX_MESSAGE): string {
  const wellFormed = text.toWellFormed();
  return wellFormed.length > max ? `${wellFormed.slice(0, max - 1).toWellFormed()}…` : wellFormed;
}
