import { hash, timingSafeEqual } from "node:crypto";

/** Who may use the hub. */
export interface Auth {
  /** Undefined where no token is needed. */
  readonly token: string | undefined;
  /** The cookie that a browser gets for the token, as a `set-cookie` header. */
  readonly cookie: string;
  isToken(text: string): boolean;
  /** Whether a request may pass: `authorization: Bearer TOKEN`, or the cookie. */
  allows(authorization: string | undefined, cookies: string | undefined): boolean;
}

/** What a program is told that comes without the token. */
export const TOKEN_NEEDED = "the token of this hub is needed: authorization: Bearer TOKEN";

const COOKIE_SECONDS = 30 * 24 * 3600;

export function createAuth(token: string | undefined): Auth {
  const secret = token ?? "";
  // Several hubs may run on one host, and cookies do not tell ports apart.
  const name = `errchain-hub-${hash("sha256", `name ${secret}`).slice(0, 8)}`;
  const value = hash("sha256", `cookie ${secret}`);
  const isToken = (text: string) => token === undefined || same(text, token);
  return {
    token,
    // Lax: a permalink in a chat must open the page.
    cookie: `${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${COOKIE_SECONDS}`,
    isToken,
    allows(authorization = "", cookies = "") {
      if (token === undefined) {
        return true;
      }
      const [, bearer] = /^Bearer\s+(\S+)\s*$/i.exec(authorization) ?? [];
      if (bearer !== undefined) {
        return isToken(bearer);
      }
      const [, given] =
        cookies
          .split(/;\s*/)
          .map((pair) => pair.split("=", 2))
          .find(([key]) => key === name) ?? [];
      return given !== undefined && same(given, value);
    },
  };
}

/** Takes the same time for any text, so that nobody can guess a token bit by bit. */
function same(a: string, b: string): boolean {
  return timingSafeEqual(hash("sha256", a, "buffer"), hash("sha256", b, "buffer"));
}
