import { useEffect, useRef, useState } from "preact/hooks";
import type { TraceSummary } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { failureOf } from "../api/failure.ts";
import { hub } from "../api/hub.ts";
import { type RoleName, roleOf } from "../url/role.ts";

const MAX_SHOWN = 300;
const BACKLOG = 30;
const RECONNECT_MS = 3_000;
/** Traces that come in bursts are drawn together. */
const DRAW_EVERY_MS = 250;

export interface TailFilter {
  readonly role: RoleName;
  readonly system: string;
  readonly fullCode: string;
  readonly text: string;
}

export interface Tail {
  /** Latest first. */
  readonly traces: readonly TraceSummary[];
  /** How many have come in since the pause. */
  readonly waiting: number;
  /** How many the hub has left out because this page reads too slowly. */
  readonly skipped: bigint;
  readonly state: "opening" | "open" | "failed";
  readonly error: unknown;
  retry(): void;
}

/** Follows the traces that match, and connects again where the connection breaks. */
export function useTail(filter: TailFilter, paused: boolean): Tail {
  const [shown, setShown] = useState<readonly TraceSummary[]>([]);
  const [waiting, setWaiting] = useState(0);
  const [skipped, setSkipped] = useState(0n);
  const [connection, setConnection] = useState<Pick<Tail, "state" | "error">>(OPENING);
  const [round, setRound] = useState(0);
  const pending = useRef(new Map<string, TraceSummary>());
  const key = JSON.stringify(filter);

  useEffect(() => {
    pending.current.clear();
    setShown([]);
    setWaiting(0);
    setSkipped(0n);
  }, [key]);

  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const follow = async () => {
      setConnection((before) => (before.state === "failed" ? before : OPENING));
      try {
        const { role, ...rest } = filter;
        const request = { filter: { ...rest, role: roleOf(role) }, backlog: BACKLOG };
        const options = { signal: ended.signal, timeoutMs: 0 };
        for await (const { trace, skipped: more } of hub.watchTraces(request, options)) {
          setConnection(OPEN);
          if (more > 0n) setSkipped((before) => before + more);
          if (trace !== undefined) {
            pending.current.delete(trace.traceId);
            pending.current.set(trace.traceId, trace);
          }
        }
        throw new TypeError("the hub has ended the stream");
      } catch (error) {
        if (ended.signal.aborted) {
          return;
        }
        setConnection({ state: "failed", error });
        if (failureOf(error) !== "signed-out" && failureOf(error) !== "refused") {
          timer = setTimeout(follow, RECONNECT_MS);
        }
      }
    };
    void follow();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [key, round]);

  useEffect(() => {
    const draw = () => {
      const { current } = pending;
      if (paused) {
        setWaiting(current.size);
        return;
      }
      setWaiting(0);
      if (current.size > 0) {
        const fresh = [...current.values()].reverse();
        current.clear();
        const ids = new Set(fresh.map(({ traceId }) => traceId));
        setShown((before) =>
          [...fresh, ...before.filter(({ traceId }) => !ids.has(traceId))].slice(0, MAX_SHOWN),
        );
      }
    };
    draw();
    const timer = setInterval(draw, DRAW_EVERY_MS);
    return () => clearInterval(timer);
  }, [paused]);

  return {
    ...connection,
    traces: shown,
    waiting,
    skipped,
    retry: () => setRound((before) => before + 1),
  };
}

const OPENING = { state: "opening", error: undefined } as const;
const OPEN = { state: "open", error: undefined } as const;
