import { Code } from "@connectrpc/connect";

/** The status as it can be sent: a code of 0 would make the error look like success. */
export function sendableStatus(code: Code): Code {
  return typeof code === "number" && code in Code ? code : Code.Unknown;
}
