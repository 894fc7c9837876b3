import { type Meter, type MeterProvider, metrics } from "@opentelemetry/api";
import { SCOPE_NAME } from "./rpc-conventions.js";

/**
 * Gives an instrument of the SDK that is there when it is needed. Unlike tracers and
 * loggers, one that was made before the SDK was set up would never measure anything.
 */
export function createInstrument<T>(create: (meter: Meter) => T): () => T {
  let made: { readonly provider: MeterProvider; readonly instrument: T } | undefined;
  return () => {
    const provider = metrics.getMeterProvider();
    if (made?.provider !== provider) {
      made = { provider, instrument: create(provider.getMeter(SCOPE_NAME)) };
    }
    return made.instrument;
  };
}
