/** How to wrap the messages of a stream. */
export interface StreamWrapper<T> {
  /** Runs each step of the stream. Default: as it is. */
  readonly run?: <R>(step: () => R) => R;
  /** Is told of each message. Default: nobody. */
  readonly onMessage?: (message: T) => void;
  /** Is told of what a reader throws into the stream. Default: nobody. */
  readonly onThrow?: (reason: unknown) => void;
  /** Is told of the end of the stream, if it ends without an error. Default: nobody. */
  readonly onEnd?: () => void;
  /**
   * Takes what a step throws and gives what to throw instead, or a promise of it.
   * Where the step was a throw(), that is mostly what the reader threw into the stream.
   */
  readonly mapError: (reason: unknown, step: "next" | "return" | "throw") => unknown;
}

/**
 * The same stream, with every step run and every error mapped by the wrapper.
 *
 * A generator function would be shorter, but would swallow `throw()`, and start
 * its source only with the first `next()`.
 */
export function wrapStream<T>(
  source: AsyncIterable<T>,
  { run = (step) => step(), onMessage, onThrow, onEnd, mapError }: StreamWrapper<T>,
): AsyncIterable<T> {
  const guard = async (
    name: "next" | "return" | "throw",
    step: () => Promise<IteratorResult<T>>,
  ): Promise<IteratorResult<T>> => {
    let result: IteratorResult<T>;
    try {
      result = await run(step);
    } catch (reason) {
      throw await mapError(reason, name);
    }
    if (result.done) {
      onEnd?.();
    } else {
      onMessage?.(result.value);
    }
    return result;
  };
  return {
    [Symbol.asyncIterator]() {
      const it = run(() => source[Symbol.asyncIterator]());
      // Sources of connect-es leave out return and throw on purpose; so do we then.
      const { return: return_, throw: throw_ } = it;
      return {
        next: () => guard("next", () => it.next()),
        ...(return_ && {
          return: (value?: unknown) => guard("return", () => return_.call(it, value)),
        }),
        ...(throw_ && {
          throw: (reason?: unknown) => {
            onThrow?.(reason);
            return guard("throw", () => throw_.call(it, reason));
          },
        }),
      };
    },
  };
}
