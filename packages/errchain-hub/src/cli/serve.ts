import { loadCatalog } from "../catalog/catalog.js";
import { startHub } from "../hub.js";
import { logProblem } from "../process/log-problem.js";
import { UsageError } from "../process/usage-error.js";
import { whenStopped } from "../process/when-stopped.js";
import { readPattern } from "./agent.js";
import { defaultFolder, readBytes, readNumber, readSettings } from "./settings.js";

const usage = `Usage: errchain-hub [options]            run the hub
       errchain-hub agent --file 'logs/*.log'   follow log files for a hub elsewhere
       errchain-hub trace TRACE_ID              print what happened in a trace

The hub collects the log lines (traceId|code|message) and events of failed hops,
and shows which system failed first. It prints the address to open.

  --data FOLDER            where everything is kept;
                           default: ~/.local/share/errchain-hub
  --host HOST              the address to listen on; default: 127.0.0.1
  --port PORT              page, API and OTLP/HTTP; default: 4318
  --grpc-port PORT         OTLP/gRPC, and the API over gRPC; default: 4317
  --token TOKEN            default: made once, and kept in the data folder
  --no-auth                let everybody in who can connect
  --file PATTERN           log files to follow, as a glob pattern in quotes; may be
                           given several times
  --pattern REGEXP         which lines of them to pick, see "errchain-hub agent --help"
  --catalog IMAGE          what the codes mean: what "buf build -o image.binpb" writes;
                           may be given several times
  --retention-days DAYS    how long traces are kept; default: 14; 0: for ever
  --retention-bytes SIZE   up to which size; default: 10G; 0: any
  --count-days DAYS        how long counts are kept; default: 400, or as long as
                           traces if that is longer; 0: for ever
  --config FILE            a JSON file with the same names: {"port": 4318}; one file
                           may serve all commands
  --help                   print this

Each option can also come from the environment: ERRCHAIN_HUB_GRPC_PORT for
--grpc-port; several values with commas between them. Port 0 takes a free one.`;

/** The command `errchain-hub`: runs the hub until it is stopped. Returns the exit code. */
export async function serve(args: string[]): Promise<number> {
  const { values, positionals, help } = readSettings(args, [
    "data",
    "host",
    "port",
    "grpc-port",
    "token",
    "no-auth",
    "file",
    "pattern",
    "catalog",
    "retention-days",
    "retention-bytes",
    "count-days",
  ]);
  if (help) {
    console.log(usage);
    return 0;
  }
  if (positionals.length > 0) {
    throw new UsageError(`nothing is expected after the options: ${positionals.join(" ")}`);
  }
  const days = readNumber("retention-days", values["retention-days"], 14);
  // Unless they are limited by themselves, counts are kept at least as long as traces.
  const countDays = readNumber(
    "count-days",
    values["count-days"],
    days === 0 ? 0 : Math.max(400, days),
  );
  if (countDays > 0 && (days === 0 || days > countDays)) {
    throw new UsageError("--count-days must not be less than --retention-days");
  }
  // What comes in is nobody else's business, also in a folder that others can list.
  process.umask(0o077);
  const stopped = whenStopped();
  const hub = await startHub({
    folder: values.data ?? defaultFolder("errchain-hub"),
    host: values.host ?? "127.0.0.1",
    httpPort: readPort("port", values.port, 4318),
    grpcPort: readPort("grpc-port", values["grpc-port"], 4317),
    token: readToken(values.token),
    isOpen: values["no-auth"] ?? false,
    files: values.file ?? [],
    pattern: checkPattern(values.pattern),
    catalog: readCatalogs(values.catalog ?? []),
    retention: {
      days,
      bytes: readBytes("retention-bytes", values["retention-bytes"], 10 * 1024 ** 3),
      countDays,
    },
    onProblem: logProblem,
  }).catch((err: unknown) => {
    throw new UsageError(`cannot start: ${err instanceof Error ? err.message : String(err)}`);
  });
  console.log(`errchain hub is ready.

  Open         ${hub.loginUrl}
  OTLP/HTTP    ${hub.httpUrl}/v1/logs
  OTLP/gRPC    ${hub.grpcUrl}
  Send with    ${hub.token === undefined ? "no header: --no-auth" : `OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer ${hub.token}"`}
  Data in      ${hub.folder}
`);
  const broken = new Promise<Error>((resolve) => hub.onBroken(resolve));
  const reason = await Promise.race([
    broken,
    new Promise<undefined>((resolve) => {
      if (stopped.aborted) resolve(undefined);
      stopped.addEventListener("abort", () => resolve(undefined));
    }),
  ]);
  if (reason !== undefined) {
    console.error(`errchain-hub: ${reason.message}`);
    process.exit(1);
  }
  await hub.stop();
  return 0;
}

function readPort(name: string, text: string | undefined, fallback: number): number {
  const port = readNumber(name, text, fallback);
  if (port > 65_535) {
    throw new UsageError(`--${name} must be a port, 0 to 65535`);
  }
  return port;
}

function readToken(token: string | undefined): string | undefined {
  if (token !== undefined && !/^\w[\w.~+/=-]{7,}$/.test(token)) {
    throw new UsageError(
      "--token must have at least 8 characters, begin with a letter or digit, and hold only those and -._~+/=",
    );
  }
  return token;
}

function checkPattern(pattern: string | undefined): string | undefined {
  readPattern(pattern);
  return pattern;
}

function readCatalogs(files: readonly string[]) {
  try {
    return loadCatalog(files);
  } catch (err) {
    throw new UsageError((err as Error).message);
  }
}
