// The three systems of the failing calls. Every stack sends these codes and sentences.

import { create } from "@bufbuild/protobuf";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { defineError } from "errchain";
import { type Cause, CauseSchema, Provenance, Status, Visibility } from "errchain/proto";
import type { TranslationRule } from "errchain/server";
import { hexDigits } from "./ids.ts";
import type { HopNumber } from "./variant.ts";

/** What goes wrong in a system. */
interface Failure {
  readonly system: string;
  readonly module: string;
  readonly code: string;
  readonly reason: string;
  /** The sentence, with the text of the call for `{id}`. */
  readonly message: string;
}

export const failures: Record<HopNumber, Failure> = {
  1: {
    system: "WMS",
    module: "ORDER",
    code: "10001",
    reason: "CANNOT_BE_PROMISED",
    message: "order {id} cannot be promised",
  },
  2: {
    system: "PROMISE",
    module: "ETA",
    code: "10002",
    reason: "NO_DELIVERY_TIME",
    message: "there is no delivery time for order {id}",
  },
  3: {
    system: "ROUTE",
    module: "DISPATCH",
    code: "20003",
    reason: "RANGE_NOT_CONFIGURED",
    message: "no delivery range is configured for {id}",
  },
};

/** The codes of the chain in the order in which the entry gets them. */
export const expectedCodes = [failures[1], failures[2], failures[3]]
  .map(({ code }) => code)
  .join(" ");

export const messageOf = (hop: HopNumber, id: string) => failures[hop].message.replace("{id}", id);

const define = (hop: HopNumber) =>
  defineError<string, string, string, string>({ ...failures[hop], status: "FAILED_PRECONDITION" });

/** The definitions of errchain. */
export const definitions = { 1: define(1), 2: define(2), 3: define(3) };

/** What a hop answers where the next one has failed; that of the nearest hop first. */
export const translationRules: TranslationRule[] = [
  { from: definitions[2], to: definitions[1] },
  { from: definitions[3], to: definitions[2] },
];

/** The same cause as errchain's, for those who write one themselves. */
export function causeByHand(hop: HopNumber, id: string): Cause {
  const { system, module, code, reason } = failures[hop];
  return create(CauseSchema, {
    system,
    module,
    code,
    reason,
    message: messageOf(hop, id),
    args: { id },
    provenance: Provenance.RAISED,
    visibility: Visibility.INTERNAL,
    status: Status.FAILED_PRECONDITION,
    procedure: "probe.v1.ProbeService/Unary",
    spanId: Buffer.from(hexDigits(16), "hex"),
    occurredAt: timestampNow(),
    branches: hop === 3 ? 0 : 1,
  });
}

/** The trace ID of a chain that somebody writes by hand. */
export const newTraceId = () => Buffer.from(hexDigits(32), "hex");
