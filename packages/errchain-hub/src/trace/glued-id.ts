// A logger may put something right in front of a trace ID: `[ID`, `trace_id=ID`. Nobody
// who looks for the ID would look for that.

/** IDs that are known by their looks, 32 hex digits and UUIDs, behind what no ID has within it. */
const WELL_KNOWN =
  /(?:^|[[\](<>'`=:,;#/])([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** The ID of 32 hex digits or the UUID with which a token ends; undefined if it ends otherwise. */
export function wellKnownIdIn(token: string): string | undefined {
  return WELL_KNOWN.exec(token)?.[1];
}

// Of a key and a colon, the key must say that an ID follows: `tenant:order-17` may be
// one. So must a key without a value: base64 ends with `=` as well.
const GLUE = /^(?:[[(<]|[\w.-]*(?:id|trace)[=:]|[a-z_][\w.-]*=(?=[^=]))+/i;

/** The ID at the end of a token, whatever it looks like, without what is glued to its front. */
export function withoutGlue(token: string): string {
  return wellKnownIdIn(token) ?? token.replace(GLUE, "");
}
