// A terminal breaks a line wherever its last column is, and a mail then puts "> " in front
// of each line: any word may have a line break in it.

/** A pattern for a name that may be broken, at any place. */
export function broken(name: string): string {
  return [...name].map((char) => (char === "." ? "\\." : char)).join(LINE_BREAK);
}

const LINE_BREAK = String.raw`(?:\r?\n[>\s]{0,1000})?`;

/** The text without what has been put in where it was broken. */
export function unbroken(text: string): string {
  return text.replaceAll(/\r?\n[>\s]*/g, "");
}
