/**
 * Makes errors without a stack. A stack takes longer to collect than all else that an
 * error is made of, and of an error that is made out of another one it only says that
 * this library did so.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 0;
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
