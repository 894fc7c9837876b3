/** How to wrap the messages of a stream. */
export interface StreamWrapper {
  /** Runs each step of the stream. Default: as it is. */
  readonly run?: <R>(step: () => R) => R;
  /** Takes what a step throws and gives what to throw instead, or a promise of it. */
  readonly mapError: (reason: unknown) => unknown;
}

/**
 * The same stream, with every step run and every error mapped by the wrapper.
 *
 * A generator function would be shorter, but would swallow `throw()`, and start
 * its source only with the first `next()`.
 */
export function wrapStream<T>(
  source: AsyncIterable<T>,
  { run = (step) => step(), mapError }: StreamWrapper,
): AsyncIterable<T> {
  const guard = async <R>(step: () => Promise<R>): Promise<R> => {
    try {
      return await run(step);
    } catch (reason) {
      throw await mapError(reason);
    }
  };
  return {
    [Symbol.asyncIterator]() {
      const it = run(() => source[Symbol.asyncIterator]());
      // Sources of connect-es leave out return and throw on purpose; so do we then.
      const { return: return_, throw: throw_ } = it;
      return {
        next: () => guard(() => it.next()),
        ...(return_ && { return: (value?: unknown) => guard(() => return_.call(it, value)) }),
        ...(throw_ && { throw: (reason?: unknown) => guard(() => throw_.call(it, reason)) }),
      };
    },
  };
}
