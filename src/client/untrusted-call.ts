import { type ContextValues, createContextKey, createContextValues } from "@connectrpc/connect";

/**
 * Whether the transport around an interceptor distrusts the peer. What it strips from
 * the answer is still there inside, where a retry interceptor may sit.
 */
export const untrustedCall = createContextKey(false, { description: "errchain: untrusted call" });

const marks = createContextValues().set(untrustedCall, true);

/**
 * The values of a call, with the mark of an untrusted one. Those of the caller stay without
 * it, since other calls may share them, and get whatever an interceptor writes.
 */
export function markUntrusted(values = createContextValues()): ContextValues {
  const marked: ContextValues = {
    get: (key) => (key.id === untrustedCall.id ? marks : values).get(key),
    set(key, value) {
      values.set(key, value);
      return marked;
    },
    delete(key) {
      values.delete(key);
      return marked;
    },
  };
  return marked;
}
