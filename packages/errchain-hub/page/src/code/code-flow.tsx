import type {
  CodeLink as CodeShare,
  GetCodeResponse,
} from "../../../gen/errchain/hub/v1/hub_pb.js";
import { CodeLink } from "../ui/code-link.tsx";
import { formatCount, formatShare } from "../ui/numbers.ts";
import { ShareBar } from "../ui/share-bar.tsx";

/** The codes below, the code, the codes above, as the failure travels. */
export function CodeFlow({ code }: { code: GetCodeResponse }) {
  return (
    <div class="flow">
      <Side
        title="Comes from"
        links={code.comesFrom}
        none="Nothing below it: where it occurs, it is where the failure began."
      />
      <div class="here">
        <span class="code">{code.code?.fullCode}</span>
        <span class="muted">{formatCount(code.count)}×</span>
      </div>
      <Side
        title="Turns into"
        links={code.turnsInto}
        none="Nothing above it: where it occurs, it is what users see."
      />
    </div>
  );
}

function Side(props: { title: string; links: readonly CodeShare[]; none: string }) {
  const { title, links, none } = props;
  return (
    <div class="side">
      <h3>{title}</h3>
      {links.length === 0 && <p class="muted">{none}</p>}
      <ul>
        {links.map(({ code, count, share }) => (
          <li key={code?.fullCode}>
            <CodeLink code={code} step />
            <span class="figures-line">
              <ShareBar share={share} />
              <span class="number">
                {formatCount(count)} <span class="muted">{formatShare(share)}</span>
              </span>
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
