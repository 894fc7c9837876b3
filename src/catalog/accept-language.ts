/**
 * The language ranges of an `accept-language` header (RFC 9110, section 12.5.4),
 * best first, without `*` and without those that are refused with q=0. A header
 * comes from anybody: of more than 16 ranges the rest is ignored, and so are
 * ranges longer than a language tag can sensibly be (RFC 5646, section 4.4.1).
 */
export function parseAcceptLanguage(header: string): string[] {
  return header
    .slice(0, MAX_RANGES * (MAX_RANGE_LENGTH + 10))
    .split(",", MAX_RANGES)
    .map((part) => {
      const [range = "", ...parameters] = part.split(";").map((piece) => piece.trim());
      const q = parameters.find((parameter) => /^q=/i.test(parameter))?.slice(2);
      return { range, quality: q === undefined ? 1 : Number(q) };
    })
    .filter(
      ({ range, quality }) =>
        range.length <= MAX_RANGE_LENGTH &&
        /^[a-z]{1,8}(-[a-z0-9]{1,8})*$/i.test(range) &&
        quality > 0,
    )
    .sort((a, b) => b.quality - a.quality)
    .map(({ range }) => range);
}

const MAX_RANGES = 16;
const MAX_RANGE_LENGTH = 35;

/**
 * The best of the tags for the ranges by the lookup of BCP 47 (RFC 4647, section
 * 3.4): each range is shortened from its end until it is one of the tags.
 * Undefined if none is.
 */
export function lookupLanguage(
  ranges: readonly string[],
  tags: readonly string[],
): string | undefined {
  for (const range of ranges) {
    const subtags = range.toLowerCase().split("-");
    while (subtags.length > 0) {
      const found = tags.find((tag) => tag.toLowerCase() === subtags.join("-"));
      if (found !== undefined) {
        return found;
      }
      subtags.pop();
      if (subtags.at(-1)?.length === 1) {
        subtags.pop(); // a singleton such as the x in zh-x-private goes with what follows it
      }
    }
  }
  return undefined;
}
