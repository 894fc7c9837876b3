import type { ComponentChildren } from "preact";
import type { Query } from "../api/use-query.ts";
import { Problem, StaleHint } from "./problem.tsx";

/** Shows what the hub has answered; until then that it is asked, or why it does not answer. */
export function Answer<T>(props: { query: Query<T>; children: (data: T) => ComponentChildren }) {
  const { data, error, outdated, refresh } = props.query;
  if (data !== undefined) {
    return (
      <div class={outdated ? "answer outdated" : "answer"} aria-busy={outdated}>
        {error !== undefined && <StaleHint error={error} onRetry={refresh} />}
        {props.children(data)}
      </div>
    );
  }
  return error === undefined ? <Loading /> : <Problem error={error} onRetry={refresh} />;
}

function Loading() {
  return (
    <p class="loading" role="status">
      Asking the hub …
    </p>
  );
}
