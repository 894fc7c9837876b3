import type { GetStatusResponse } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { Notice } from "./problem.tsx";

/** How to get the first records into a new hub. */
export function NothingYet({ status }: { status: GetStatusResponse }) {
  return (
    <Notice title="The hub has not received anything yet">
      <p>Send it the failures of your systems. Any of these will do:</p>
      <dl class="ways">
        <dt>Log files with errchain’s lines</dt>
        <dd>
          <code>npx errchain-hub agent --file 'logs/*.log'</code>
        </dd>
        <dt>OpenTelemetry logs over HTTP</dt>
        <dd>
          <code>{status.httpUrl}/v1/logs</code>
        </dd>
        <dt>OpenTelemetry logs over gRPC</dt>
        <dd>
          <code>{status.grpcUrl}</code>
        </dd>
      </dl>
      {status.files.length > 0 && (
        <p>
          The hub itself follows <code>{status.files.join(", ")}</code>; there was no line of the
          form <code>traceId|code|message</code> in it so far.
        </p>
      )}
    </Notice>
  );
}
