/**
 * A text with quotes as JSON has them: chats and word processors make others of them, and
 * from the source of a page come references.
 */
export function withStraightQuotes(text: string): string {
  return text
    .replaceAll(/[“”„‟″＂]/g, '"')
    .replaceAll(/&(?:#(\d{1,5})|#x([0-9a-f]{1,4})|([a-z]{2,4}));/gi, reference);
}

function reference(whole: string, decimal?: string, hex?: string, name = ""): string {
  const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal);
  return Number.isNaN(code) ? (NAMED[name] ?? whole) : String.fromCharCode(code);
}

const NAMED: Readonly<Record<string, string>> = {
  quot: '"',
  amp: "&",
  lt: "<",
  gt: ">",
  apos: "'",
  nbsp: " ",
};
