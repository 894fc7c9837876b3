import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { HubService } from "../../gen/errchain/hub/v1/hub_pb.js";
import { UsageError } from "../process/usage-error.js";
import { defaultFolder, readSettings } from "./settings.js";

const usage = `Usage: errchain-hub trace [options] TEXT

Prints which system failed first in a trace, and the tree of all failed hops.
TEXT is a trace ID, or anything with one in it: a log line, a traceparent.

  --hub URL       the hub's address; default: http://127.0.0.1:4318
  --token TOKEN   the hub's token; default: that of the data folder
  --data FOLDER   the data folder of a hub on this machine;
                  default: ~/.local/share/errchain-hub
  --config FILE   a JSON file with the same names; the other commands' may be in it too
  --help          print this`;

/** The command `errchain-hub trace`. Returns the exit code. */
export async function trace(args: string[]): Promise<number> {
  const { values, positionals, help } = readSettings(args, ["hub", "token", "data"]);
  if (help) {
    console.log(usage);
    return 0;
  }
  const text = positionals.join(" ");
  if (text === "") {
    throw new UsageError("trace needs a trace ID, or a text with one in it");
  }
  const baseUrl = values.hub ?? "http://127.0.0.1:4318";
  const token = values.token ?? tokenOf(values.data ?? defaultFolder("errchain-hub"));
  const client = createClient(
    HubService,
    createConnectTransport({ baseUrl, httpVersion: "1.1", defaultTimeoutMs: 30_000 }),
  );
  try {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { trace } = await client.getTrace({ text }, { headers });
    process.stdout.write(trace?.text ?? "");
    return 0;
  } catch (err) {
    const error = ConnectError.from(err);
    console.error(`errchain-hub: ${reasonOf(error, baseUrl)}`);
    return error.code === Code.NotFound ? 1 : 2;
  }
}

function reasonOf({ code, rawMessage }: ConnectError, baseUrl: string): string {
  switch (code) {
    case Code.NotFound:
    case Code.InvalidArgument:
      return rawMessage;
    case Code.Unauthenticated:
      return "the hub needs its token: --token, or the environment variable ERRCHAIN_HUB_TOKEN";
    case Code.Unavailable:
      return `no hub can be reached at ${baseUrl}; start one with "errchain-hub", or give --hub`;
    default:
      return `the hub at ${baseUrl} cannot answer: ${rawMessage}`;
  }
}

function tokenOf(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, "token"), "utf8").trim();
  } catch {
    return undefined; // no hub of this user on this machine
  }
}
