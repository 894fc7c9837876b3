/**
 * Takes a step that calls foreign code, such as the span processors of an SDK. What it
 * throws is ignored: a call does not fail because it cannot be watched.
 */
export function safely<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch {
    return undefined;
  }
}
