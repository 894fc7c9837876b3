import type { IncomingMessage, ServerResponse } from "node:http";
import type { Auth } from "./auth.js";

/**
 * Lets a browser in that brings the token in the address, and forgets it there:
 * addresses end up in histories and chats. Gives whether it has answered.
 */
export function loginByAddress(
  auth: Auth,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const token = url.searchParams.get("token");
  if (token === null || (request.method !== "GET" && request.method !== "HEAD")) {
    return false;
  }
  url.searchParams.delete("token");
  const isValid = auth.isToken(token);
  response.writeHead(isValid ? 303 : 401, {
    ...(isValid
      ? { location: localPath(url.pathname + url.search), "set-cookie": auth.cookie }
      : { "content-type": "text/html; charset=utf-8" }),
    ...LOGIN_HEADERS,
  });
  response.end(isValid ? undefined : loginForm(url, "This is not the token of this hub."));
  return true;
}

const MAX_FORM_BYTES = 4096;

/** Takes the form of the login page. */
export async function loginByForm(
  auth: Auth,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8") as AsyncIterable<string>) {
    body += chunk;
    if (body.length > MAX_FORM_BYTES) break;
  }
  const next = localPath(url.searchParams.get("next") ?? "/");
  const isValid = auth.isToken(new URLSearchParams(body).get("token")?.trim() ?? "");
  if (isValid) {
    response.writeHead(303, { location: next, "set-cookie": auth.cookie, ...PAGE_HEADERS }).end();
  } else {
    askForToken(new URL(next, url), response, "This is not the token of this hub.");
  }
}

/** Answers a browser that has no valid cookie. */
export function askForToken(url: URL, response: ServerResponse, problem = ""): void {
  response.writeHead(401, { "content-type": "text/html; charset=utf-8", ...LOGIN_HEADERS });
  response.end(loginForm(url, problem));
}

/** What every page of the hub is sent with: it shows texts that strangers have written. */
export const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; " +
    "frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
};

/** The login form brings its style with it: without a token, no file is served. */
const LOGIN_HEADERS = {
  ...PAGE_HEADERS,
  "content-security-policy": `${PAGE_HEADERS["content-security-policy"]}; style-src 'unsafe-inline'`,
};

/** A path on this server; anything that would lead elsewhere becomes "/". */
function localPath(path: string): string {
  return /^\/(?![/\\])/.test(path) ? path : "/";
}

function loginForm(url: URL, problem: string): string {
  const next = encodeURIComponent(url.pathname + url.search);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>errchain hub</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
  main { max-width: 32rem; margin: 15vh auto; padding: 0 1rem }
  input, button { font: inherit; padding: .4rem .6rem }
  input { width: 100%; box-sizing: border-box; margin: .25rem 0 .75rem }
</style>
<main>
  <h1>errchain hub</h1>
  <p>The hub prints an address with its token when it starts. The token is also in the file
  <code>token</code> of its data folder.</p>
  <form method="post" action="/login?next=${next}">
    <label for="token">Token</label>
    <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
    ${problem === "" ? "" : `<p role="alert">${problem}</p>`}
    <button>Open</button>
  </form>
</main>
</html>
`;
}
