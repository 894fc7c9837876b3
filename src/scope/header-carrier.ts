import type { TextMapGetter, TextMapSetter } from "@opentelemetry/api";

/** How OpenTelemetry's propagators read and write headers. */
export const headerCarrier: TextMapGetter<Headers> & TextMapSetter<Headers> = {
  keys: (header) => [...header.keys()],
  get: (header, key) => header.get(key) ?? undefined,
  set(header, key, value) {
    header.set(key, value);
  },
};
