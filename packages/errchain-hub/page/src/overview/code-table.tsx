import type { CodeCount } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { CodeLink } from "../ui/code-link.tsx";
import { formatChange, formatCount, formatShare } from "../ui/numbers.ts";
import { ShareBar } from "../ui/share-bar.tsx";

/** Codes by frequency. */
export function CodeTable({ codes }: { codes: readonly CodeCount[] }) {
  const most = codes[0]?.share ?? 0;
  return (
    <div class="scroll">
      <table class="codes">
        <thead>
          <tr>
            <th scope="col">Code</th>
            <th scope="col" class="number">
              Count
            </th>
            <th scope="col" class="share">
              Share
            </th>
            <th scope="col" class="change">
              Change
            </th>
          </tr>
        </thead>
        <tbody>
          {codes.map((row) => (
            <tr key={row.code?.fullCode}>
              <th scope="row">
                <CodeLink code={row.code} step />
                {row.isNew && <span class="badge">new</span>}
                <span class="meaning">{row.info?.meaning || row.info?.message}</span>
              </th>
              <td class="number">{formatCount(row.count)}</td>
              <td class="share">
                <ShareBar share={row.share} of={most} />
                <span class="number">{formatShare(row.share)}</span>
              </td>
              <td class="change">{formatChange(row.count, row.countBefore)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
