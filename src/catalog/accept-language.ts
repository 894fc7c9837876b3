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
 * The best of the tags for the ranges, best first. For each range that is, in this order:
 *
 * - a tag by the lookup of BCP 47 (RFC 4647, section 3.4): the range is shortened from its
 *   end until it is one of the tags;
 * - language and region without the script, since a region mostly has one: `zh-Hans-CN`
 *   finds `zh-CN`, and `zh-Hant-TW` does not;
 * - the first tag that begins with the range (section 3.3.1, basic filtering): `zh` finds
 *   `zh-CN`. Who asks for a language would rather read it as it is written somewhere than
 *   another one.
 *
 * Undefined if there is none.
 */
export function lookupLanguage(
  ranges: readonly string[],
  tags: readonly string[],
): string | undefined {
  const known = new Map(tags.map((tag) => [tag.toLowerCase(), tag]));
  for (const range of ranges) {
    const found = bestFor(range.toLowerCase(), known);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

function bestFor(range: string, known: ReadonlyMap<string, string>): string | undefined {
  for (let shorter = range; shorter !== ""; shorter = shorten(shorter)) {
    const found = known.get(shorter);
    if (found !== undefined) {
      return found;
    }
  }
  const withoutScript = range.replace(SCRIPT_AND_REGION, "$1-$2");
  const starting = [...known.keys()].find((tag) => tag.startsWith(`${range}-`));
  return known.get(withoutScript) ?? (starting && known.get(starting));
}

/** Language, script and region, and whatever follows. */
const SCRIPT_AND_REGION = /^([a-z]{2,3})-[a-z]{4}-([a-z]{2}|[0-9]{3})(-.*)?$/;

/** A singleton such as the x in zh-x-private goes with what follows it. */
function shorten(range: string): string {
  const end = range.lastIndexOf("-");
  const isBehindSingleton = range.charAt(end - 2) === "-";
  return range.slice(0, Math.max(isBehindSingleton ? end - 2 : end, 0));
}
