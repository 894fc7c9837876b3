/** How to wrap the messages of a stream. */
export interface StreamWrapper<T> {
  /** Runs each step of the stream. Default: as it is. */
  readonly run?: <R>(step: () => R) => R;
  /** Is told of each message. Default: nobody. */
  readonly onMessage?: (message: T) => void;
  /** Is told of what a reader throws into the stream. Default: nobody. */
  readonly onThrow?: (reason: unknown) => void;
  /**
   * Is told of the end of the stream, if it ends without an error, and again of each step
   * after that. A reader who leaves it takes the step "return". Default: nobody.
   */
  readonly onEnd?: (step: Step) => void;
  /**
   * Takes what a step throws and gives what to throw instead, or a promise of it.
   * Where the step was a throw(), that is mostly what the reader threw into the stream.
   */
  readonly mapError: (reason: unknown, step: Step) => unknown;
}

type Step = "next" | "return" | "throw";

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
    name: Step,
    step: () => Promise<IteratorResult<T>>,
  ): Promise<IteratorResult<T>> => {
    let result: IteratorResult<T>;
    try {
      result = await run(step);
    } catch (reason) {
      throw await mapError(reason, name);
    }
    if (result.done) {
      onEnd?.(name);
    } else {
      onMessage?.(result.value);
    }
    return result;
  };
  return {
    [Symbol.asyncIterator]() {
      // Sources of connect-es leave out return and throw on purpose; so do we then.
      const { it, return_, throw_ } = run(() => begin(source));
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

/** Begins to read a stream. One that cannot be read fails with its first step. */
function begin<T>(source: AsyncIterable<T>) {
  try {
    return stepsOf(source);
  } catch (reason) {
    return stepsOf<T>(failing(reason));
  }
}

function stepsOf<T>(source: AsyncIterable<T>) {
  const it = source[Symbol.asyncIterator]();
  const { return: return_, throw: throw_ } = it;
  return { it, return_, throw_ };
}

// biome-ignore lint/correctness/useYield: it has nothing to give
async function* failing(reason: unknown): AsyncGenerator<never> {
  throw reason;
}
