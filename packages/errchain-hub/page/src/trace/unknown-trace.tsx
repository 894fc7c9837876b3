import { hub } from "../api/hub.ts";
import { useQuery } from "../api/use-query.ts";
import { NothingYet } from "../ui/nothing-yet.tsx";
import { counted } from "../ui/numbers.ts";
import { Notice } from "../ui/problem.tsx";
import { Ago } from "../ui/times.tsx";

/** The hub has no record of a trace: why that may be, and where to look next. */
export function UnknownTrace({ traceId }: { traceId: string }) {
  const { data: status } = useQuery("status", (signal) => hub.getStatus({}, { signal }));
  if (status?.traceCount === 0n && status.undigestedRecords === 0n) {
    return <NothingYet status={status} />;
  }
  return (
    <Notice title="The hub does not know this trace">
      <p>
        No failure with the ID <code>{traceId}</code> has come in so far. This page keeps looking.
      </p>
      <ul>
        <li>Is the ID complete? Terminals and chats like to cut long lines.</li>
        <li>Did the request fail at all? Only failed hops leave records.</li>
        <li>
          Do the records reach the hub? <a href="/live">Live tail</a> shows what comes in.
        </li>
        {status !== undefined && (
          <li>
            Is it too old? The hub keeps{" "}
            {status.retentionDays > 0 ? counted(status.retentionDays, "day") : "everything"}; its
            oldest trace is from <Ago at={status.oldestTraceAt} />.
          </li>
        )}
      </ul>
    </Notice>
  );
}
