import type { ComponentChildren } from "preact";
import { failureOf, messageOf } from "../api/failure.ts";

/** Why there is nothing to see, and what to do about it. */
export function Problem({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const retry = (
    <button type="button" onClick={onRetry}>
      Try again
    </button>
  );
  switch (failureOf(error)) {
    case "signed-out":
      return <SignIn />;
    case "unreachable":
      return (
        <Notice title="The hub cannot be reached" kind="problem">
          <p>
            Nothing answers at <code>{window.location.origin}</code>. If the hub was stopped, start
            it with <code>npx errchain-hub</code>; what it has stored is still there. Otherwise look
            at your network, or at the proxy in between.
          </p>
          {retry}
        </Notice>
      );
    case "slow":
      return (
        <Notice title="The hub takes too long" kind="problem">
          <p>It did not answer within 20 seconds. Try a shorter time range.</p>
          {retry}
        </Notice>
      );
    case "refused":
      return (
        <Notice title="The hub cannot answer this" kind="problem">
          <p>
            <bdi>{messageOf(error)}</bdi>
          </p>
        </Notice>
      );
    default:
      return (
        <Notice title="The hub has failed" kind="problem">
          <p>
            It says: <bdi>{messageOf(error)}</bdi>. Its own log may say more.
          </p>
          {retry}
        </Notice>
      );
  }
}

/** Without a valid token there is no answer. */
function SignIn() {
  return (
    <Notice title="This hub wants a token" kind="problem">
      <p>
        You have not signed in here, or the token is no longer valid. Open the link that the hub
        printed when it started, or paste its token:
      </p>
      <form
        method="post"
        action={`/login?next=${encodeURIComponent(window.location.pathname + window.location.search)}`}
        class="inline"
      >
        <label class="off-screen" for="token">
          Token
        </label>
        <input id="token" name="token" type="password" required autocomplete="current-password" />
        <button type="submit" class="primary">
          Sign in
        </button>
      </form>
    </Notice>
  );
}

/** A box with a title that says how things are. */
export function Notice(props: {
  title: string;
  kind?: "problem" | "empty";
  children?: ComponentChildren;
}) {
  const { title, kind = "empty", children } = props;
  return (
    <section class={`notice ${kind}`} role={kind === "problem" ? "alert" : undefined}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** Where an older answer is still shown although the hub gives no new one. */
export function StaleHint({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const why =
    failureOf(error) === "signed-out"
      ? "the token is no longer valid; load the page again"
      : messageOf(error);
  return (
    <p class="stale" role="status">
      ⚠ What you see is not up to date: <bdi>{why}</bdi>{" "}
      <button type="button" class="plain" onClick={onRetry}>
        Try again
      </button>
    </p>
  );
}
