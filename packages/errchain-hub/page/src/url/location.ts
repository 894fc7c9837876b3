import { useEffect, useState } from "preact/hooks";

const moved = new EventTarget();

/** Shows another address of the page. `replace`: without a step to come back to. */
export function go(href: string, how: "push" | "replace" = "push"): void {
  const before = window.location.pathname;
  if (how === "push") {
    window.history.pushState(undefined, "", href);
  } else {
    window.history.replaceState(undefined, "", href);
  }
  moved.dispatchEvent(new Event("moved"));
  if (window.location.pathname !== before) {
    window.scrollTo(0, 0);
    document.getElementById("main")?.focus(); // as a browser does that loads a page
  }
}

/** The address that the page shows. */
export function useUrl(): URL {
  const [href, setHref] = useState(window.location.href);
  useEffect(() => {
    const onMove = () => setHref(window.location.href);
    onMove();
    moved.addEventListener("moved", onMove);
    window.addEventListener("popstate", onMove);
    return () => {
      moved.removeEventListener("moved", onMove);
      window.removeEventListener("popstate", onMove);
    };
  }, []);
  return new URL(href);
}

/** Makes plain links to this page's own addresses work without loading it again. */
export function followLinks(): () => void {
  const onClick = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!(link instanceof HTMLAnchorElement) || modified || event.button !== 0) {
      return;
    }
    const elsewhere = link.origin !== window.location.origin || link.pathname.endsWith(".txt");
    if (!event.defaultPrevented && !elsewhere && link.target === "" && !link.hash) {
      event.preventDefault();
      go(link.href);
    }
  };
  document.addEventListener("click", onClick);
  return () => document.removeEventListener("click", onClick);
}

/** The same address with other values in its query. `undefined` and "" remove one. */
export function withParams(url: URL, values: Record<string, string | undefined>): string {
  const params = new URLSearchParams(url.search);
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === "") {
      params.delete(name);
    } else {
      params.set(name, value);
    }
  }
  const query = params.toString();
  return query === "" ? url.pathname : `${url.pathname}?${query}`;
}
