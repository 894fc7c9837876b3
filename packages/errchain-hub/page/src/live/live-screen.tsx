import { useEffect, useState } from "preact/hooks";
import { failureOf } from "../api/failure.ts";
import { RoleChoice, TextFilter } from "../ui/filters.tsx";
import { stepFocus, useKeys } from "../ui/keys.ts";
import { counted } from "../ui/numbers.ts";
import { Notice, Problem } from "../ui/problem.tsx";
import { TraceRows } from "../ui/trace-rows.tsx";
import { useUrl, withParams } from "../url/location.ts";
import { roleName } from "../url/role.ts";
import { type Tail, useTail } from "./use-tail.ts";

const ROLES = ["root", "surfaced", "any"] as const;

/** Failures as they come in. */
export function LiveScreen() {
  useEffect(() => {
    document.title = "Live tail · errchain hub";
  }, []);
  const url = useUrl();
  const { searchParams } = url;
  const [paused, setPaused] = useState(false);
  const tail = useTail(
    {
      role: roleName(searchParams),
      system: searchParams.get("system") ?? "",
      fullCode: searchParams.get("code") ?? "",
      text: searchParams.get("text") ?? "",
    },
    paused,
  );
  useKeys({
    f: () => stepFocus(".trace-row", 1),
    b: () => stepFocus(".trace-row", -1),
    p: () => setPaused((before) => !before),
  });
  const failed =
    tail.state === "failed" &&
    (tail.traces.length === 0 || failureOf(tail.error) !== "unreachable");
  const filtered = ["system", "code", "text"].some((name) => searchParams.get(name));

  return (
    <div class="live">
      <header class="screen-head">
        <h1>Live tail</h1>
        <div class="filters">
          <RoleChoice role={roleName(searchParams)} roles={ROLES} />
          <TextFilter name="system" label="System" placeholder="ROUTE" />
          <TextFilter name="code" label="Code" placeholder="ROUTE_DISPATCH_20003" />
          <TextFilter name="text" label="Text or trace ID" placeholder="in the message" />
          <button
            type="button"
            class={paused ? "primary pause" : "pause"}
            aria-pressed={paused}
            onClick={() => setPaused(!paused)}
          >
            {paused ? "▶ Go on" : "❚❚ Pause"}
          </button>
        </div>
      </header>
      <StateLine tail={tail} paused={paused} />
      {failed ? (
        <Problem error={tail.error} onRetry={tail.retry} />
      ) : tail.traces.length > 0 ? (
        <TraceRows traces={tail.traces} fresh={!paused} />
      ) : (
        tail.state === "open" && (
          <Notice title="Nothing so far">
            <p>
              New failures show up here by themselves.{" "}
              {filtered && (
                <a href={withParams(url, { system: "", code: "", text: "", role: "" })}>
                  Remove the filters
                </a>
              )}
            </p>
          </Notice>
        )
      )}
    </div>
  );
}

function StateLine({ tail, paused }: { tail: Tail; paused: boolean }) {
  const parts: string[] = [];
  if (tail.state === "failed") {
    parts.push("✕ No connection to the hub; trying again every few seconds");
  } else if (tail.state === "opening") {
    parts.push("Connecting …");
  } else {
    parts.push(paused ? "❚❚ Paused" : "● Connected");
  }
  if (tail.waiting > 0) parts.push(`${counted(tail.waiting, "trace")} waiting`);
  if (tail.skipped > 0n) parts.push(`${counted(tail.skipped, "trace")} left out: too many at once`);
  return (
    <p class={`state-line ${tail.state}`} role="status">
      {parts.join(" · ")}
    </p>
  );
}
