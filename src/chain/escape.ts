// Control characters, line and paragraph separators, and halves of surrogate
// pairs, which no output stream can write; and the characters that turn text
// around in terminals and log viewers ("Trojan Source", CVE-2021-42574).
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Makes a text safe to print on one line: characters that break the line or
 * steer a terminal become escapes as in JSON.
 */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, escapeChar);
}

export function escapeChar(char: string): string {
  return SHORT[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
