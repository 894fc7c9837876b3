import type { EventLoggerProvider } from "errchain/report";

/** What a hop has to know of the OpenTelemetry SDK that was set up before it. */
export interface HopSdk {
  /** Where events go, if not to the provider of the API. */
  readonly loggerProvider?: EventLoggerProvider;
  /** Exports all that is still to be exported. */
  readonly shutdown: () => Promise<void>;
}

const KEY = Symbol.for("errchain.test.hop-sdk");

export function provideSdk(sdk: HopSdk): void {
  Reflect.set(globalThis, KEY, sdk);
}

/** Undefined in a hop without an SDK. */
export function providedSdk(): HopSdk | undefined {
  return Reflect.get(globalThis, KEY) as HopSdk | undefined;
}

/** How the hop wants its SDK, from its environment. */
export const { HOP_NAME = "", OTLP_URL = "", HTTP_INSTRUMENTATION = "" } = process.env;
