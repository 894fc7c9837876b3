import type { SystemCount } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { formatCount, formatShare } from "../ui/numbers.ts";
import { useUrl, withParams } from "../url/location.ts";
import { codePath } from "../url/screens.ts";

/** Of each system its part of all failures, and how they fall on its codes. */
export function SystemsAndCodes({ systems }: { systems: readonly SystemCount[] }) {
  const url = useUrl();
  const most = Number(systems[0]?.count ?? 1n);
  return (
    <ul class="systems-codes">
      {systems.map(({ system, count, share, codes, codeCount }) => {
        const rest = count - codes.reduce((sum, code) => sum + code.count, 0n);
        return (
          <li key={system}>
            <p>
              <a href={withParams(url, { system })} title={`Only ${system}`}>
                <strong>{system}</strong>
              </a>
              <span class="number">
                {formatCount(count)} <span class="muted">{formatShare(share)}</span>
              </span>
            </p>
            <span
              class="split"
              aria-hidden="true"
              style={{ width: `${Math.max(4, (Number(count) / most) * 100)}%` }}
            >
              {codes.map((code) => (
                <span key={code.code?.fullCode} style={{ flexGrow: Number(code.count) }} />
              ))}
              {rest > 0n && <span style={{ flexGrow: Number(rest) }} />}
            </span>
            <p class="parts">
              {codes.slice(0, 5).map(({ code, count: ofCode }) => (
                <a key={code?.fullCode} href={codePath(code?.fullCode ?? "", url)}>
                  <span class="code">{shortCode(system, code?.fullCode ?? "")}</span>{" "}
                  <span class="muted">{formatShare(Number(ofCode) / Number(count))}</span>
                </a>
              ))}
              {codeCount > 5n && <span class="muted">+ {formatCount(codeCount - 5n)} more</span>}
            </p>
          </li>
        );
      })}
    </ul>
  );
}

/** The system stands above already. */
function shortCode(system: string, fullCode: string): string {
  return fullCode.startsWith(`${system}_`) ? fullCode.slice(system.length + 1) : fullCode;
}
