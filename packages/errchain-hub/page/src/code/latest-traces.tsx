import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { useState } from "preact/hooks";
import { hub } from "../api/hub.ts";
import { useQuery } from "../api/use-query.ts";
import { Answer } from "../ui/answer.tsx";
import { TraceRows } from "../ui/trace-rows.tsx";
import { useUrl } from "../url/location.ts";
import { roleName, roleOf } from "../url/role.ts";
import { timeRange } from "../url/time-range.ts";

const STEP = 20;
/** What the hub gives at once. */
const MOST = 500;

/** The latest traces with a code, and more of them when asked for. */
export function LatestTraces({ fullCode, everyMs }: { fullCode: string; everyMs?: number }) {
  const { search, searchParams } = useUrl();
  const [limit, setLimit] = useState(STEP);
  const query = useQuery(
    `traces ${fullCode} ${search} ${limit}`,
    (signal) => {
      const { start, end } = timeRange(searchParams, new Date());
      const range = { start: timestampFromDate(start), end: timestampFromDate(end) };
      const filter = { role: roleOf(roleName(searchParams, "any")), fullCode };
      return hub.searchTraces({ range, filter, limit }, { signal });
    },
    everyMs,
  );
  return (
    <Answer query={query}>
      {({ traces, nextPageToken }) => {
        if (traces.length === 0) {
          return <p class="muted">None in this time.</p>;
        }
        return (
          <>
            <TraceRows traces={traces} />
            {nextPageToken !== "" && limit < MOST && (
              <button type="button" onClick={() => setLimit(Math.min(limit * 2, MOST))}>
                Older ones
              </button>
            )}
            {nextPageToken !== "" && limit >= MOST && (
              <p class="muted">
                These are the latest {MOST}. Choose an earlier time for older ones.
              </p>
            )}
          </>
        );
      }}
    </Answer>
  );
}
