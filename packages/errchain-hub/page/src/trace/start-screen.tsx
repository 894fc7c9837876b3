import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { useEffect } from "preact/hooks";
import { hub } from "../api/hub.ts";
import { useQuery } from "../api/use-query.ts";
import { Answer } from "../ui/answer.tsx";
import { stepFocus, useKeys } from "../ui/keys.ts";
import { NothingYet } from "../ui/nothing-yet.tsx";
import { Notice } from "../ui/problem.tsx";
import { TraceRows } from "../ui/trace-rows.tsx";
import { RANGES } from "../url/time-range.ts";
import { PasteBox } from "./paste-box.tsx";

/** Where one arrives with a trace ID in hand, or without. */
export function StartScreen() {
  useEffect(() => {
    document.title = "Trace · errchain hub";
  }, []);
  const query = useQuery("latest", askForLatest, 10_000);
  useKeys({
    f: () => stepFocus(".trace-row", 1),
    b: () => stepFocus(".trace-row", -1),
  });
  return (
    <div class="start">
      <h1>Which system broke?</h1>
      <PasteBox large />
      <ul class="forms">
        <li>
          <span class="muted">a log line</span>{" "}
          <code>4bf92f3577b34da6a3ce929d0e0e4736|ROUTE_DISPATCH_20003|no delivery range …</code>
        </li>
        <li>
          <span class="muted">a traceparent</span>{" "}
          <code>00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01</code>
        </li>
        <li>
          <span class="muted">an ID of an older system</span> <code>1677474.49460.17235.9140</code>
        </li>
      </ul>
      <section aria-labelledby="latest-title">
        <h2 id="latest-title">Latest failures</h2>
        <Answer query={query}>
          {({ traces, status }) =>
            traces.length > 0 ? (
              <TraceRows traces={traces} />
            ) : status.traceCount === 0n ? (
              <NothingYet status={status} />
            ) : (
              <Notice title="No failures in the last 30 days" />
            )
          }
        </Answer>
      </section>
    </div>
  );
}

async function askForLatest(signal: AbortSignal) {
  const start = new Date(Date.now() - RANGES["30d"]);
  const [{ traces }, status] = await Promise.all([
    hub.searchTraces({ range: { start: timestampFromDate(start) }, limit: 8 }, { signal }),
    hub.getStatus({}, { signal }),
  ]);
  return { traces, status };
}
