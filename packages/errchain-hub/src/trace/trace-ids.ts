import { withoutGlue } from "./glued-id.js";

/** Trace IDs are opaque, but not endless. */
export const MAX_TRACE_ID_LENGTH = 128;

/** The form in which the hub stores and compares a trace ID: 32 hex digits in lower case. */
export function normalTraceId(traceId: string): string {
  return /^[0-9a-f]{32}$/i.test(traceId) ? traceId.toLowerCase() : traceId;
}

/**
 * The trace IDs that a text may hold, the likeliest first: a whole log line, a
 * `traceparent`, a permalink, JSON, an ID in quotes. Never throws.
 */
export function traceIdsIn(text: string): string[] {
  const found = new Set<string>();
  const add = (candidate: string | undefined) => {
    const id = candidate?.trim();
    if (id !== undefined && id !== "" && id.length <= MAX_TRACE_ID_LENGTH) {
      found.add(normalTraceId(id));
    }
  };
  const addAll = (pattern: RegExp) => {
    for (const [whole, part] of text.matchAll(pattern)) {
      add(part ?? whole);
    }
  };
  const bare = bareOf(text);
  if (/^\S+$/.test(bare) && !/[|/?="]/.test(bare)) {
    add(bare);
  }
  addAll(/\b[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b/gi); // traceparent
  addAll(/\/t\/([^/?#\s]+?)(?:\.txt)?(?=[?#\s"'>]|$)/g); // permalink
  for (const id of [...found]) {
    add(unescaped(id));
  }
  addAll(/["']?\btrace[._-]?id\b["']?\s*[:=]\s*["']?([^\s"',;}\]|]+)/gi); // JSON, key=value
  addAll(/(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/gi);
  // traceId|code|message, perhaps with a logger's `[` or `key=` in front of it
  for (const [, token = ""] of text.matchAll(/(?:^|[\s"'`])([^\s|"'`]+)\|[A-Z][A-Z0-9_]*\|/g)) {
    add(token);
    add(withoutGlue(token));
  }
  for (const [uuid] of text.matchAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi)) {
    add(uuid);
    add(uuid.replaceAll("-", ""));
  }
  addAll(/(?<![\d.])\d+(?:\.\d+){2,}(?![\d.])/g); // the dotted numbers of older systems
  return [...found];
}

const OPENING = /["'`([{<\s]/;
const CLOSING = /["'`)\]}>,;\s]/;

/** A text without what is around it. One expression for the end would take quadratic time. */
function bareOf(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && OPENING.test(text.charAt(start))) start++;
  while (start < end && CLOSING.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

function unescaped(id: string): string | undefined {
  try {
    return decodeURIComponent(id);
  } catch {
    return undefined; // not percent-encoded after all
  }
}
