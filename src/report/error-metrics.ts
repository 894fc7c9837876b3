import type { Attributes } from "@opentelemetry/api";
import type { Cause } from "../../gen/errchain/v1/error_chain_pb.js";
import { rootOfChain } from "../chain/root-cause.js";
import type { ErrorSink } from "./error-report.js";
import { createInstrument } from "./instrument.js";
import { rootAttributes } from "./rpc-span.js";

/** Options of errorMetrics(). */
export interface ErrorMetricsOptions {
  /**
   * How many combinations of codes are counted apart. Codes come from peers too, and
   * a monitoring system breaks down under endless new series. What comes later is
   * counted together, under `otel.metric.overflow: true`, as the SDK of OpenTelemetry
   * does it. Default: 1000.
   */
  readonly maxSeries?: number;
}

/**
 * A sink that counts failed requests in the metric `errchain.errors` of OpenTelemetry:
 * by system, module and code of this hop's own cause, and of the root cause
 * (`errchain.system`, …, `errchain.root.system`, …). To count incidents and not their
 * echoes, count where both are the same.
 *
 * Throws a RangeError if an option is malformed.
 */
export function errorMetrics({ maxSeries = 1000 }: ErrorMetricsOptions = {}): ErrorSink {
  if (!(maxSeries >= 1)) {
    throw new RangeError(`maxSeries must be 1 or more, not ${maxSeries}`);
  }
  const counter = createInstrument((meter) =>
    meter.createCounter("errchain.errors", {
      unit: "{error}",
      description: "Failed requests by the code of the hop and of the root cause.",
    }),
  );
  const series = new Map<string, Attributes>();
  return ({ cause, chain }) => {
    const root = rootOfChain(chain) ?? cause;
    const key = [cause, root].map((c) => `${c.system}|${c.module}|${c.code}`).join("|");
    let attributes = series.get(key);
    if (attributes === undefined && series.size < maxSeries) {
      attributes = attributesOf(cause, root);
      series.set(key, attributes);
    }
    counter().add(1, attributes ?? OVERFLOW);
  };
}

const OVERFLOW: Attributes = { "otel.metric.overflow": true };

function attributesOf(cause: Cause, root: Cause): Attributes {
  return {
    "errchain.system": cause.system,
    ...(cause.module === "" ? {} : { "errchain.module": cause.module }),
    "errchain.code": cause.code,
    ...rootAttributes(root),
  };
}
