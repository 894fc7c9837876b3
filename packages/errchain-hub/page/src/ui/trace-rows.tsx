import type { TraceSummary } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { tracePath } from "../url/screens.ts";
import { CertaintyMark } from "./certainty.tsx";
import { counted } from "./numbers.ts";
import { Time } from "./times.tsx";

/** A list of traces, each a link to its own screen. */
export function TraceRows({ traces, fresh }: { traces: readonly TraceSummary[]; fresh?: boolean }) {
  return (
    <ol class={fresh ? "trace-rows fresh" : "trace-rows"}>
      {traces.map((trace) => (
        <li key={trace.traceId}>
          <a href={tracePath(trace.traceId)} class="trace-row step">
            <Time at={trace.firstFailureAt} short />
            <span class="what">
              <strong class="code">{trace.root?.fullCode}</strong>{" "}
              <bdi class="message">{trace.rootMessage}</bdi>
            </span>
            <span class="path">
              <Path trace={trace} />
              <span class="muted">
                {" "}
                {counted(trace.hopCount, "hop")}
                {trace.surfaced?.fullCode !== trace.root?.fullCode && (
                  <>
                    , surfaced as <span class="code">{trace.surfaced?.fullCode}</span>
                  </>
                )}
              </span>
            </span>
            <CertaintyMark certainty={trace.certainty} />
          </a>
        </li>
      ))}
    </ol>
  );
}

function Path({ trace: { systems, root } }: { trace: TraceSummary }) {
  return (
    <span class="systems">
      {systems.map((system, index) => (
        <span key={system}>
          {index > 0 && <span aria-hidden="true"> › </span>}
          {system === root?.system ? (
            <strong class="faulty">
              <span aria-hidden="true">◎ </span>
              {system}
            </strong>
          ) : (
            system
          )}
        </span>
      ))}
    </span>
  );
}
