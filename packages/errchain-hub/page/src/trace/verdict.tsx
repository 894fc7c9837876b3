import type { Trace } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { CertaintyMark } from "../ui/certainty.tsx";
import { CodeFacts } from "../ui/code-facts.tsx";
import { CodeLink } from "../ui/code-link.tsx";
import { CopyButton } from "../ui/copy.tsx";
import { counted } from "../ui/numbers.ts";
import { Ago, formatOffset, Time } from "../ui/times.tsx";
import { tracePath } from "../url/screens.ts";

/** The answer: which system failed first, how sure that is, and what to do about it. */
export function Verdict({ trace }: { trace: Trace }) {
  const { summary, hops, firstFault, caveats, text } = trace;
  if (summary === undefined) {
    return null;
  }
  const fault = hops[firstFault];
  const { root, surfaced, traceId, firstFailureAt, lastFailureAt } = summary;
  const path = tracePath(traceId);
  const lasted = formatOffset(firstFailureAt, lastFailureAt);
  return (
    <section class="verdict" aria-labelledby="sentence">
      <h1 id="sentence">
        <bdi>{summary.sentence}</bdi>
      </h1>
      <p class="sure">
        <CertaintyMark certainty={summary.certainty} explain />
      </p>
      {caveats.length > 0 && (
        <ul class="caveats">
          {caveats.map((caveat) => (
            <li key={caveat}>{caveat}</li>
          ))}
        </ul>
      )}
      {fault?.info === undefined ? (
        <p class="muted">
          No catalog knows this code. What it means, what to do and whose it is, the hub reads from
          the images that it is given with <code>--catalog</code>.
        </p>
      ) : (
        <CodeFacts info={fault.info} />
      )}
      <dl class="tiles">
        <div>
          <dt>First fault</dt>
          <dd>
            <CodeLink code={root} />
          </dd>
        </div>
        <div>
          <dt>What the user’s side got</dt>
          <dd>
            <CodeLink code={surfaced} />
          </dd>
        </div>
        <div>
          <dt>When</dt>
          <dd>
            <Time at={firstFailureAt} />{" "}
            <span class="muted">
              (<Ago at={firstFailureAt} />)
            </span>
          </dd>
        </div>
        <div>
          <dt>Failed</dt>
          <dd>
            {counted(summary.hopCount, "hop")} of {counted(summary.systems.length, "system")}
            {lasted !== "" && summary.hopCount > 1 && ` within ${lasted}`}
          </dd>
        </div>
      </dl>
      <footer>
        <span class="trace-id">
          <span class="muted">Trace</span> <code>{traceId}</code>
        </span>
        <span class="actions">
          <CopyButton id="copy-text" text={text} label="Copy as text" />
          <CopyButton id="copy-link" text={window.location.origin + path} label="Copy link" />
          <a class="button" href={`${path}.txt`}>
            Plain text
          </a>
        </span>
      </footer>
    </section>
  );
}
