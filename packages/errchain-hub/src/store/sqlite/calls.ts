import type { MessagePort, Worker } from "node:worker_threads";
import { StoreFullError } from "../store.js";

// How the main thread calls functions in the threads of the database.

interface Call {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: { readonly message: string; readonly isFull: boolean };
}

/** What a thread tells without being asked. */
interface Event {
  readonly event: string;
  readonly value: unknown;
}

export interface Caller {
  call<T>(method: string, argument?: unknown, transfer?: ArrayBuffer[]): Promise<T>;
  /** How many calls have no answer yet. */
  readonly pending: number;
}

/** Calls functions of a thread that runs answerCalls(). */
export function createCaller(
  worker: Worker,
  onEvent: (event: string, value: unknown) => void = () => {},
): Caller {
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let nextId = 1;
  let broken: Error | undefined;
  const breakAll = (error: Error) => {
    broken ??= error;
    for (const { reject } of pending.values()) {
      reject(broken);
    }
    pending.clear();
  };
  worker.on("message", (message: Answer | Event) => {
    if ("event" in message) {
      onEvent(message.event, message.value);
      return;
    }
    const { id, value, failure } = message;
    const call = pending.get(id);
    pending.delete(id);
    if (failure === undefined) {
      call?.resolve(value);
    } else {
      call?.reject(
        failure.isFull ? new StoreFullError(failure.message) : new Error(failure.message),
      );
    }
  });
  worker.on("error", breakAll);
  worker.on("exit", () => breakAll(new Error("the store is closed")));
  return {
    call<T>(method: string, argument?: unknown, transfer: ArrayBuffer[] = []) {
      if (broken !== undefined) {
        return Promise.reject(broken);
      }
      const id = nextId++;
      const answer = Promise.withResolvers<unknown>();
      pending.set(id, answer);
      worker.postMessage({ id, method, argument } satisfies Call, transfer);
      return answer.promise as Promise<T>;
    },
    get pending() {
      return pending.size;
    },
  };
}

/** Answers the calls that come in through a port. A function may take its time. */
export function answerCalls(
  port: MessagePort,
  methods: Readonly<Record<string, (argument: never) => unknown>>,
): void {
  port.on("message", async ({ id, method, argument }: Call) => {
    try {
      const value = await methods[method]?.(argument as never);
      port.postMessage({ id, value } satisfies Answer);
    } catch (err) {
      const message = err instanceof Error ? err.message : String(err);
      port.postMessage({ id, failure: { message, isFull: isDiskFull(err) } } satisfies Answer);
    }
  });
}

/**
 * Whether an error says that there is no room. SQLite reports a write that the
 * operating system has refused as an I/O error; see https://sqlite.org/rescode.html
 */
export function isDiskFull(err: unknown): boolean {
  const { errcode = 0 } = err as { errcode?: number };
  return [SQLITE_FULL, SQLITE_IOERR].includes(errcode & 0xff);
}

const SQLITE_IOERR = 10;
const SQLITE_FULL = 13;
