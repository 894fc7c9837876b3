/** What the page shows at an address. */
export type Screen =
  | { readonly name: "start" }
  | { readonly name: "trace"; readonly traceId: string }
  | { readonly name: "overview" }
  | { readonly name: "code"; readonly fullCode: string }
  | { readonly name: "live" }
  | { readonly name: "nowhere" };

export function screenAt(pathname: string): Screen {
  const [, first = "", ...rest] = pathname.replace(/\/$/, "").split("/");
  const text = unescaped(rest.join("/"));
  if (first === "t" && text !== "") {
    return { name: "trace", traceId: text };
  }
  if (first === "code" && text !== "") {
    return { name: "code", fullCode: text };
  }
  if (rest.length === 0 && (first === "overview" || first === "live")) {
    return { name: first };
  }
  return { name: pathname === "/" ? "start" : "nowhere" };
}

export function tracePath(traceId: string): string {
  return `/t/${encodeURIComponent(traceId)}`;
}

/** The code's screen, with the same time range if an address is given. */
export function codePath(fullCode: string, from?: URL): string {
  const kept = new URLSearchParams();
  for (const name of ["range", "from", "to"]) {
    const value = from?.searchParams.get(name);
    if (value) kept.set(name, value);
  }
  const query = kept.size === 0 ? "" : `?${kept}`;
  return `/code/${encodeURIComponent(fullCode)}${query}`;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // typed by hand, with a bare %
  }
}
