import type { CodeCount } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { CodeLink } from "../ui/code-link.tsx";
import { formatCount } from "../ui/numbers.ts";
import { Ago } from "../ui/times.tsx";

/** The codes that the hub has seen for the first time within the range. */
export function NewCodes({ codes }: { codes: readonly CodeCount[] }) {
  if (codes.length === 0) {
    return <p class="muted">None: all of these have been seen before.</p>;
  }
  return (
    <ul class="new-codes">
      {codes.map((row) => (
        <li key={row.code?.fullCode}>
          <CodeLink code={row.code} />
          <span class="muted">
            <Ago at={row.firstSeenAt} />, {formatCount(row.count)}×
          </span>
        </li>
      ))}
    </ul>
  );
}
