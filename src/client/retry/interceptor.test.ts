import { getEventListeners } from "node:events";
import { create } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createContextValues,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  ReadRequestSchema,
  ReadResponseSchema,
  RetryService,
} from "../../../test/gen/retry/v1/retry_pb.js";
import { retryHistory } from "../../chain/attempts.js";
import { timeoutMsOf } from "../../scope/deadline.js";
import { createRetryInterceptor } from "./interceptor.js";
import type { RetryInterceptorOptions } from "./options.js";

// By a virtual clock: when attempts are made, what they are told, and what is left.

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** What the interceptor gave to an attempt, and when. */
interface Seen {
  readonly atMs: number;
  readonly req: UnaryRequest;
}

const MANY_TOKENS = { budget: { maxTokens: 1000 } };

function start(
  options: RetryInterceptorOptions,
  attempt: (req: UnaryRequest, number: number) => Promise<unknown>,
  header: Record<string, string> = {},
  createRetry = createRetryInterceptor,
) {
  const startedAt = performance.now();
  const seen: Seen[] = [];
  const controller = new AbortController();
  const response = { stream: false, message: create(ReadResponseSchema) } as UnaryResponse;
  const next = async (req: UnaryRequest) => {
    seen.push({ atMs: performance.now() - startedAt, req });
    await attempt(req, seen.length);
    return response;
  };
  const result = createRetry({ ...MANY_TOKENS, ...options })(next as never)({
    stream: false,
    service: RetryService,
    method: RetryService.method.read,
    requestMethod: "POST",
    url: "http://localhost/retry.v1.RetryService/Read",
    signal: controller.signal,
    header: new Headers({ "content-type": "application/proto", ...header }),
    contextValues: createContextValues(),
    message: create(ReadRequestSchema),
  } as UnaryRequest).then(
    () => undefined,
    (err) => err,
  );
  return { seen, controller, result, endsAt: () => performance.now() - startedAt };
}

function unavailable(metadata?: HeadersInit): Promise<never> {
  return Promise.reject(new ConnectError("down", Code.Unavailable, metadata));
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

test("waits by the schedule", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const { seen, result } = start({ maxAttempts: 5 }, () => unavailable());
  await vi.runAllTimersAsync();
  expect(await result).toMatchObject({ code: Code.Unavailable });
  expect(seen.map(({ atMs }) => atMs)).toEqual([0, 25, 75, 175, 375]);
});

test("a peer is told of 99,999,999 ms at most, as gRPC's header has room for", async () => {
  const header = { "content-type": "application/grpc+proto", "grpc-timeout": "100H" };
  const { seen, result } = start({ maxAttempts: 2 }, () => unavailable(), header);
  await vi.runAllTimersAsync();
  await result;
  expect(seen.map(({ req }) => req.header.get("grpc-timeout"))).toEqual(["100H", "99999999m"]);
});

test("a pushback is waited for, and begins the schedule anew", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const { seen, result } = start({ maxAttempts: 5 }, (_, number) =>
    unavailable(number === 2 ? { "grpc-retry-pushback-ms": "1000" } : {}),
  );
  await vi.runAllTimersAsync();
  await result;
  // 25, then 1000 and half of the spread of 500, then 25 again.
  expect(seen.map(({ atMs }) => atMs)).toEqual([0, 25, 1275, 1300, 1350]);
});

test.each([
  ["60000", 4, 2000],
  ["-1", 1, 0],
  ["soon", 1, 0],
  ["0", 4, 0],
])("the pushback %s gives %i attempts", async (pushback, attempts, firstWaitMs) => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const { seen, result } = start({}, () => unavailable({ "grpc-retry-pushback-ms": pushback }));
  await vi.runAllTimersAsync();
  await result;
  expect(seen).toHaveLength(attempts);
  expect(seen[1]?.atMs ?? 0).toBe(firstWaitMs);
});

test("no attempt begins that cannot finish, and each is told how long it has", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        deadlineMs: fc.integer({ min: 1, max: 3000 }),
        attemptMs: fc.nat({ max: 800 }),
        minAttemptMs: fc.integer({ min: 1, max: 300 }),
        initialDelayMs: fc.nat({ max: 1000 }),
        maxDelayMs: fc.nat({ max: 1000 }),
        pushbackMs: fc.option(fc.nat({ max: 2000 }), { nil: undefined }),
        attemptTimeoutMs: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
        protocol: fc.constantFrom("application/proto", "application/grpc+proto"),
      }),
      async ({ deadlineMs, attemptMs, pushbackMs, attemptTimeoutMs, protocol, ...options }) => {
        const isGrpc = protocol.startsWith("application/grpc");
        const { seen, result, endsAt } = start(
          { ...options, maxAttempts: 5, ...(attemptTimeoutMs && { attemptTimeoutMs }) },
          async ({ signal }) => {
            await sleep(attemptMs, signal);
            await unavailable(
              pushbackMs === undefined ? {} : { "grpc-retry-pushback-ms": String(pushbackMs) },
            );
          },
          {
            "content-type": protocol,
            [isGrpc ? "grpc-timeout" : "connect-timeout-ms"]: isGrpc
              ? `${deadlineMs}m`
              : String(deadlineMs),
          },
        );
        await vi.runAllTimersAsync();
        await result;
        for (const { atMs, req } of seen.slice(1)) {
          expect(atMs + options.minAttemptMs).toBeLessThanOrEqual(deadlineMs);
          expect(timeoutMsOf(req.header)).toBeLessThanOrEqual(deadlineMs - atMs);
        }
        for (const { req } of seen) {
          const told = timeoutMsOf(req.header) ?? 0;
          expect(told).toBeGreaterThanOrEqual(1);
          expect(told).toBeLessThanOrEqual(Math.min(deadlineMs, attemptTimeoutMs ?? deadlineMs));
        }
        // It does not wait for a deadline that it cannot meet: it ends with its last attempt.
        const last = seen.at(-1)?.atMs ?? 0;
        expect(endsAt()).toBeLessThanOrEqual(last + attemptMs);
        expect(vi.getTimerCount()).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
});

test("a process that wakes up too late makes no attempt either", async () => {
  let lateMs = 0;
  const clock = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => clock() + lateMs);
  const onRetry = () => {
    lateMs = 5000;
  };
  const deadline = { "connect-timeout-ms": "1000" };
  const { seen, result } = start({ onRetry }, () => unavailable(), deadline);
  await vi.runAllTimersAsync();
  const err = await result;
  expect(retryHistory(err)).toMatchObject({ attempts: 1, stoppedBy: "no-time" });
  expect(seen).toHaveLength(1);
});

test("an abort during the backoff ends at once, and nothing is left", async () => {
  const { seen, controller, result, endsAt } = start(
    { initialDelayMs: 2000, minAttemptMs: 1 },
    () => unavailable({ "grpc-retry-pushback-ms": "2000" }),
  );
  await vi.advanceTimersByTimeAsync(100);
  expect(vi.getTimerCount()).toBe(1);
  controller.abort(new Error("never mind"));
  await result;
  expect(endsAt()).toBe(100);
  expect(seen).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});

test("an abort during an attempt reaches the attempt", async () => {
  const { seen, controller, result } = start({ attemptTimeoutMs: 1000 }, ({ signal }) =>
    sleep(500, signal),
  );
  await vi.advanceTimersByTimeAsync(100);
  const reason = new Error("never mind");
  controller.abort(reason);
  expect(await result).toBe(reason);
  expect(seen).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
});

test("an attempt that takes too long is repeated, and says what it was", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0);
  const { seen, result } = start({ attemptTimeoutMs: 300, maxAttempts: 3 }, ({ signal }) =>
    sleep(500, signal),
  );
  await vi.runAllTimersAsync();
  expect(await result).toMatchObject({
    code: Code.DeadlineExceeded,
    rawMessage: "the attempt timed out",
  });
  expect(seen.map(({ atMs }) => atMs)).toEqual([0, 300, 600]);
  expect(seen.every(({ req }) => timeoutMsOf(req.header) === 300)).toBe(true);
});

test("after a success no timer and no listener is left, and the attempt is closed", async () => {
  const { seen, controller, result } = start({ attemptTimeoutMs: 1000 }, (_, number) =>
    number === 1 ? unavailable() : Promise.resolve(),
  );
  await vi.runAllTimersAsync();
  expect(await result).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  expect(seen.map(({ req }) => req.signal.aborted)).toEqual([true, true]);
});

test("each attempt has headers of its own", async () => {
  const { seen, result } = start({}, ({ header }, number) => {
    header.append("x-inner", String(number));
    return unavailable();
  });
  await vi.runAllTimersAsync();
  await result;
  expect(seen.map(({ req }) => req.header.get("x-inner"))).toEqual(["1", "2", "3", "4"]);
});

test.each([
  ["application/grpc+proto", true],
  ["application/grpc-web+proto", false],
  ["application/proto", false],
])("a peer is told of earlier attempts, with %s in a browser too: %s", async (protocol, too) => {
  const told = async (createRetry: typeof createRetryInterceptor) => {
    const header = { "content-type": protocol };
    const { seen, result } = start({}, () => unavailable(), header, createRetry);
    await vi.runAllTimersAsync();
    await result;
    return seen.map(({ req }) => req.header.get("grpc-previous-rpc-attempts"));
  };
  const all = [null, "1", "2", "3"];
  expect(await told(createRetryInterceptor)).toEqual(all);
  vi.stubGlobal("document", {});
  vi.resetModules();
  const inBrowser = await import("./interceptor.js");
  expect(await told(inBrowser.createRetryInterceptor)).toEqual(too ? all : all.map(() => null));
});

test("onRetry hears of each failed attempt before the wait; what it throws is ignored", async () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  const events: object[] = [];
  const { seen, result } = start(
    {
      maxAttempts: 3,
      onRetry(event) {
        events.push({ ...event, heardAtMs: performance.now() - startedAt });
        throw new Error("of the listener");
      },
    },
    () => unavailable(),
  );
  const startedAt = performance.now();
  await vi.runAllTimersAsync();
  expect(await result).toMatchObject({ rawMessage: "down" });
  expect(seen).toHaveLength(3);
  const procedure = "retry.v1.RetryService/Read";
  const error = expect.objectContaining({ rawMessage: "down" });
  expect(events).toEqual([
    { procedure, attempt: 1, delayMs: 25, error, heardAtMs: 0 },
    { procedure, attempt: 2, delayMs: 50, error, heardAtMs: 25 },
  ]);
});
