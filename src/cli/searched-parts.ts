/**
 * What of a text is searched for chains: all of it; of a very long one both ends, for the
 * error of a stream stands at its end, and what stands around the names that come with chains.
 */
export function searchedParts(text: string): string {
  if (text.length <= MAX_WHOLE_CHARS) {
    return text;
  }
  const end = text.length - END_CHARS;
  let part = { from: 0, to: END_CHARS };
  const parts = [part];
  const add = (from: number, to: number) => {
    if (from <= part.to) {
      part.to = to;
    } else {
      part = { from, to };
      parts.push(part);
    }
  };
  for (const { index } of text.slice(0, end).matchAll(NAMES)) {
    if (index > END_CHARS) {
      add(index - AROUND_CHARS, index + AROUND_CHARS);
    }
  }
  add(end, text.length);
  return parts.map(({ from, to }) => text.slice(from, to)).join("\n");
}

/** What a message that nothing was found has to add. */
export function whereSearched(text: string): string {
  return text.length > MAX_WHOLE_CHARS
    ? ", which is so long that only both ends and what stands around the names of chains were searched"
    : "";
}

/** Whether a text has one of the names that come with chains. */
export function hasNameOfChain(text: string): boolean {
  return text.search(NAMES) >= 0;
}

const NAMES = /errchain\.v1\.ErrorChain|grpc-status-details-bin|causes\\{0,8}"/gi;

const END_CHARS = 4_000_000;
const MAX_WHOLE_CHARS = 2 * END_CHARS;

/** More than any chain takes that is read. */
const AROUND_CHARS = 100_000;
