import { useEffect, useState } from "preact/hooks";
import type { Trace } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { failureOf } from "../api/failure.ts";
import { hub } from "../api/hub.ts";
import { useQuery } from "../api/use-query.ts";
import { Answer } from "../ui/answer.tsx";
import { useKeys } from "../ui/keys.ts";
import { HopList } from "./hop-list.tsx";
import { HopPicture } from "./hop-picture.tsx";
import { UnknownTrace } from "./unknown-trace.tsx";
import { Verdict } from "./verdict.tsx";

/** Late records may change a trace, and bring one that is not there yet. */
const LOOK_AGAIN_MS = 5_000;

/** One trace: who failed first, the hops as a picture, and what each hop made of the code. */
export function TraceScreen({ traceId }: { traceId: string }) {
  const query = useQuery(
    `trace ${traceId}`,
    (signal) => hub.getTrace({ text: traceId }, { signal }),
    LOOK_AGAIN_MS,
  );
  useEffect(() => {
    document.title = `Trace ${traceId} · errchain hub`;
  }, [traceId]);
  if (query.data === undefined && failureOf(query.error) === "unknown" && query.error) {
    return <UnknownTrace traceId={traceId} />;
  }
  return (
    <Answer query={query}>
      {({ trace }) => (trace === undefined ? null : <KnownTrace trace={trace} />)}
    </Answer>
  );
}

function KnownTrace({ trace }: { trace: Trace }) {
  const { hops, firstFault, summary } = trace;
  const [current, setCurrent] = useState(firstFault);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set([firstFault]));

  useEffect(() => {
    document.title = `${summary?.root?.system ?? "Nobody"} failed first · ${summary?.traceId} · errchain hub`;
  }, [summary]);

  const choose = (index: number) => {
    setCurrent(index);
    setOpen((before) => new Set(before).add(index));
    document.getElementById(`hop-${index}`)?.scrollIntoView({ block: "nearest" });
  };
  const step = (by: -1 | 1) => choose(Math.min(Math.max(current + by, 0), hops.length - 1));
  useKeys({
    f: () => step(1),
    b: () => step(-1),
    "]": () => setOpen(new Set(hops.keys())),
    "[": () => setOpen(new Set()),
    ".": () => choose(firstFault),
    c: () => document.getElementById("copy-text")?.click(),
    l: () => document.getElementById("copy-link")?.click(),
  });

  return (
    <article class="trace">
      <Verdict trace={trace} />
      <section aria-labelledby="picture-title">
        <h2 id="picture-title">The hops</h2>
        <p class="muted lead">
          From the user’s side to where it began. The arrows are the failures on their way up; the
          first fault is ringed.
        </p>
        <HopPicture hops={hops} firstFault={firstFault} current={current} onChoose={choose} />
      </section>
      <section aria-labelledby="codes-title">
        <h2 id="codes-title">What became of the code</h2>
        <HopList
          hops={hops}
          firstFault={firstFault}
          open={open}
          current={current}
          onToggle={(index) => {
            setCurrent(index);
            setOpen((before) => {
              const after = new Set(before);
              if (!after.delete(index)) after.add(index);
              return after;
            });
          }}
        />
      </section>
    </article>
  );
}
