import type { CodeInfo } from "../../../gen/errchain/hub/v1/hub_pb.js";

/** What the catalog says about a code: what it means, what to do, and whom to ask. */
export function CodeFacts({ info }: { info: CodeInfo | undefined }) {
  if (info === undefined) {
    return null;
  }
  const help = safeLink(info.help);
  return (
    <dl class="code-facts">
      {info.meaning && (
        <div>
          <dt>Meaning</dt>
          <dd>{info.meaning}</dd>
        </div>
      )}
      {info.remedy && (
        <div class="remedy">
          <dt>What to do</dt>
          <dd>{info.remedy}</dd>
        </div>
      )}
      {info.owner && (
        <div>
          <dt>Owner</dt>
          <dd>{info.owner}</dd>
        </div>
      )}
      {help !== undefined && (
        <div>
          <dt>Help</dt>
          <dd>
            <a href={help} target="_blank" rel="noreferrer">
              {help}
            </a>
          </dd>
        </div>
      )}
    </dl>
  );
}

/** Catalogs come from other teams: no javascript: links, whoever has let them in. */
function safeLink(text: string): string | undefined {
  return /^https?:\/\//i.test(text) ? text : undefined;
}
