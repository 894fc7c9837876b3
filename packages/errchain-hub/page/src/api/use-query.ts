import { useEffect, useRef, useState } from "preact/hooks";

/** What a screen knows about something that it asked the hub for. */
export interface Query<T> {
  /** The latest answer. Stays while another one is on its way. */
  readonly data: T | undefined;
  /** Why there is no newer answer. */
  readonly error: unknown;
  /** Whether `data` answers what was asked before, and not yet what is asked now. */
  readonly outdated: boolean;
  /** Asks again. */
  refresh(): void;
}

interface Answered<T> {
  readonly key: string;
  readonly data: T | undefined;
  readonly error: unknown;
}

/**
 * Asks the hub, and asks again when the key changes, every `everyMs` while the
 * page is visible, and when somebody says so. Default of `everyMs`: never.
 */
export function useQuery<T>(
  key: string,
  ask: (signal: AbortSignal) => Promise<T>,
  everyMs = Number.POSITIVE_INFINITY,
): Query<T> {
  const [answered, setAnswered] = useState<Answered<T>>({ key, data: undefined, error: undefined });
  const [round, setRound] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  const asking = useRef(false);
  useEffect(() => {
    const ended = new AbortController();
    asking.current = true;
    latest.current(ended.signal).then(
      (data) => {
        if (ended.signal.aborted) return;
        asking.current = false;
        setAnswered({ key, data, error: undefined });
      },
      (error) => {
        if (ended.signal.aborted) return;
        asking.current = false;
        // An answer to something else must not stand where this one is missing.
        setAnswered((before) => ({
          key,
          data: before.key === key ? before.data : undefined,
          error,
        }));
      },
    );
    return () => ended.abort();
  }, [key, round]);
  const refresh = () => setRound((n) => n + 1);
  useEffect(() => {
    if (!Number.isFinite(everyMs)) {
      return;
    }
    const timer = setInterval(() => {
      if (document.visibilityState === "visible" && !asking.current) refresh();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  const outdated = answered.key !== key;
  const error = outdated ? undefined : answered.error;
  return { data: answered.data, error, outdated, refresh };
}
