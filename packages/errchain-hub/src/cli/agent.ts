import { runAgent } from "../agent/agent.js";
import { type LinePicker, pickerOf, pickLine } from "../line/pick-line.js";
import { logProblem } from "../process/log-problem.js";
import { UsageError } from "../process/usage-error.js";
import { whenStopped } from "../process/when-stopped.js";
import { defaultFolder, readBytes, readSettings } from "./settings.js";

const usage = `Usage: errchain-hub agent --file PATTERN [--file PATTERN …] [options]

Follows log files, picks the lines of failed hops (traceId|code|message) out of
them, and sends them to a hub. It reads files from their beginning, follows them
through rotation and truncation, and goes on where it was after a restart. What it
has read waits on disk while the hub is away.

  --file PATTERN        files to follow, as a glob pattern in quotes: 'logs/*.log*'
                        (with the names that rotation gives them, so that nothing
                        is missed while the agent does not run; but without the
                        copies of copytruncate, which would be sent again)
  --hub URL             the hub's address, with its path behind a proxy;
                        default: http://127.0.0.1:4318
  --token TOKEN         the hub's token
  --pattern REGEXP      which lines to pick, with the groups (?<traceId>…),
                        (?<code>…), (?<message>…), and (?<time>…) if there is one
  --state FOLDER        where it keeps its state;
                        default: ~/.local/share/errchain-hub-agent
  --buffer SIZE         how much may wait for the hub, then reading waits as well;
                        default: 1G; 1M or more
  --config FILE         a JSON file with the same names: {"file": ["logs/*.log*"]};
                        the other commands' names may be in it too
  --help                print this

Each option can also come from the environment: ERRCHAIN_HUB_TOKEN for --token.`;

/** The command `errchain-hub agent`. Returns the exit code. */
export async function agent(args: string[]): Promise<number> {
  const { values, positionals, help } = readSettings(args, [
    "file",
    "hub",
    "token",
    "pattern",
    "state",
    "buffer",
  ]);
  if (help) {
    console.log(usage);
    return 0;
  }
  const files = [...(values.file ?? []), ...positionals]; // a shell may have expanded the pattern
  if (files.length === 0) {
    throw new UsageError("agent needs --file 'logs/*.log': which files to follow");
  }
  const hub = readUrl(values.hub ?? "http://127.0.0.1:4318");
  const folder = values.state ?? defaultFolder("errchain-hub-agent");
  const maxBufferBytes = readBuffer(values.buffer);
  const pick = readPattern(values.pattern);
  const signal = whenStopped();
  console.error(`errchain-hub agent: following ${files.join(", ")} for ${hub}`);
  const { token } = values;
  const onProblem = (message: string) => logProblem(`agent: ${message}`);
  await runAgent({ files, pick, folder, maxBufferBytes, hub, token, signal, onProblem });
  return 0;
}

const MIN_BUFFER_BYTES = 1024 ** 2;

/** As much as is read at once must fit in. */
function readBuffer(text: string | undefined): number {
  const bytes = readBytes("buffer", text, 1024 ** 3);
  if (bytes < MIN_BUFFER_BYTES) {
    const hint = bytes === 0 ? "; 0 does not stand for any size here" : `, not ${text}`;
    throw new UsageError(`--buffer must be at least 1M${hint}`);
  }
  return bytes;
}

/** The hub's base URL, which may have a path behind a proxy. */
function readUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`--hub must be an address such as http://127.0.0.1:4318, not ${text}`);
  }
  if (/[?#]/.test(text)) {
    throw new UsageError("--hub must be an address without ? and #; --token takes the token");
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("--hub must be an address without a user name and a password");
  }
  // The hub prints the address for OTLP/HTTP with this at its end.
  return url.href.replace(/\/+$/, "").replace(/\/v1\/logs$/, "");
}

export function readPattern(pattern: string | undefined): LinePicker {
  if (pattern === undefined) {
    return pickLine;
  }
  try {
    return pickerOf(pattern);
  } catch (err) {
    throw new UsageError(`--pattern: ${(err as Error).message}`);
  }
}
