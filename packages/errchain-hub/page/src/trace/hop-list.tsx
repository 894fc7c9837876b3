import type { ComponentChildren } from "preact";
import { type Hop, Provenance, type Sources } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { certaintyLabel } from "../ui/certainty.tsx";
import { CodeFacts } from "../ui/code-facts.tsx";
import { CodeLink } from "../ui/code-link.tsx";
import { counted } from "../ui/numbers.ts";
import { formatOffset, Time } from "../ui/times.tsx";

/** The hops one under another: what each received from below, and what it made of it. */
export function HopList(props: {
  hops: readonly Hop[];
  firstFault: number;
  current: number;
  open: ReadonlySet<number>;
  onToggle: (index: number) => void;
}) {
  const { hops, firstFault, current, open, onToggle } = props;
  const causesOf = Map.groupBy(hops, ({ parent }) => parent);
  const faultAt = hops[firstFault]?.occurredAt;
  return (
    <ol class="hop-list">
      {hops.map((hop, index) => {
        const received = causesOf.get(index) ?? [];
        const isFault = index === firstFault;
        return (
          <li key={index} id={`hop-${index}`} class={isFault ? "fault" : ""}>
            <button
              type="button"
              class="hop-row"
              aria-current={index === current}
              aria-expanded={open.has(index)}
              aria-controls={`hop-${index}-facts`}
              onClick={() => onToggle(index)}
            >
              <span class="who">
                <span aria-hidden="true" class="fold">
                  {open.has(index) ? "▾" : "▸"}
                </span>{" "}
                {isFault && <span aria-hidden="true">◎ </span>}
                <strong>{hop.code?.system}</strong> <span class="muted">{hop.code?.module}</span>
              </span>
              <span class="became">
                <Change hop={hop} received={received} isFault={isFault} />
              </span>
              <span class="status-change">
                <StatusChange hop={hop} received={received} />
              </span>
              <span class="offset">{isFault ? "" : offset(faultAt, hop)}</span>
            </button>
            <div id={`hop-${index}-facts`} hidden={!open.has(index)}>
              {open.has(index) && <HopFacts hop={hop} above={hops[hop.parent]} />}
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function Change(props: { hop: Hop; received: readonly Hop[]; isFault: boolean }) {
  const { hop, received, isFault } = props;
  const answered = <strong class="code">{hop.code?.fullCode}</strong>;
  if (received.length === 0) {
    const how =
      hop.provenance === Provenance.OBSERVED
        ? "seen by its caller"
        : isFault
          ? "failed first"
          : "failed, too";
    return (
      <>
        {answered} <span class="muted">{how}</span>
      </>
    );
  }
  const codes = [...new Set(received.map(({ code }) => code?.fullCode ?? ""))];
  return (
    <>
      <span class="code muted">{codes.join(" + ")}</span>
      <span class="turned">{hop.info?.builtin ? " passed on as " : " turned into "}</span>
      {answered}
    </>
  );
}

function StatusChange({ hop, received }: { hop: Hop; received: readonly Hop[] }) {
  const before = [...new Set(received.map(({ status }) => status).filter((s) => s !== ""))];
  const changed = hop.status !== "" && before.some((status) => status !== hop.status);
  return (
    <span class="status">
      {changed && <span class="muted">{before.join(", ")} → </span>}
      {hop.status}
    </span>
  );
}

function offset(faultAt: Hop["occurredAt"], hop: Hop): string {
  const text = formatOffset(faultAt, hop.occurredAt);
  return text === "" || text.startsWith("−") ? text : `+${text}`;
}

function HopFacts({ hop, above }: { hop: Hop; above: Hop | undefined }) {
  return (
    <div class="facts">
      <p class="full-message">
        <bdi>{hop.message || "(no message)"}</bdi>
      </p>
      <CodeFacts info={hop.info} />
      <dl class="pairs">
        <Fact name="Code">
          <CodeLink code={hop.code} /> <span class="muted">{hop.reason}</span>
        </Fact>
        <Fact name="Failed at">
          <Time at={hop.occurredAt} />
          {hop.timeIsObserved && <span class="muted"> (when the record was read)</span>}
        </Fact>
        {hop.procedure && <Fact name="Procedure">{<code>{hop.procedure}</code>}</Fact>}
        {hop.service && <Fact name="Service">{<code>{hop.service}</code>}</Fact>}
        {hop.spanId && <Fact name="Span">{<code>{hop.spanId}</code>}</Fact>}
        {hop.file && <Fact name="File">{<code>{hop.file}</code>}</Fact>}
        <Fact name="Written by">{WRITTEN_BY[hop.provenance]}</Fact>
        {above !== undefined && (
          <Fact name={`Link to ${above.code?.system ?? "its caller"}`}>
            {certaintyLabel(hop.link)}
            {hop.inferred && ", inferred: the call failed while the request was handled"}
          </Fact>
        )}
        {hop.elided > 0 && <Fact name="Left out">{counted(hop.elided, "cause")} below it</Fact>}
        <Fact name="Told by">{toldBy(hop.sources)}</Fact>
      </dl>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const WRITTEN_BY: Record<Provenance, string> = {
  [Provenance.UNSPECIFIED]: "unknown: only a log line told of it",
  [Provenance.RAISED]: "the system itself, from a declared code",
  [Provenance.FILLED_IN]: "the system’s interceptor, for an error that nobody declared",
  [Provenance.OBSERVED]: "its caller: the system answered without a chain or not at all",
};

function toldBy(sources: Sources | undefined): string {
  const { lines = 0, events = 0, chains = 0 } = sources ?? {};
  const parts = [
    lines > 0 ? counted(lines, "log line") : "",
    events > 0 ? counted(events, "event") : "",
    chains > 0 ? counted(chains, "chain of another hop", "chains of other hops") : "",
  ].filter((part) => part !== "");
  return parts.join(", ") || "unknown";
}
