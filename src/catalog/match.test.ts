import { ConnectError } from "@connectrpc/connect";
import { describe, expect, expectTypeOf, test } from "vitest";
import { errorChain } from "../chain/error-chain.js";
import { rootCause } from "../chain/root-cause.js";
import { defineError } from "./define-error.js";
import { matchCause } from "./match.js";

const rangeNotConfigured = defineError({
  system: "ROUTE",
  module: "DISPATCH",
  code: 20003,
  reason: "RANGE_NOT_CONFIGURED",
  status: "FAILED_PRECONDITION",
  message: "no range for {address}",
});
const noVehicle = defineError({
  system: "ROUTE",
  module: "DISPATCH",
  code: 20004,
  reason: "NO_VEHICLE",
  status: "UNAVAILABLE",
  message: "no vehicle for tour {tour} on {day}",
});
const catalog = { rangeNotConfigured, noVehicle };

const outer = defineError({
  system: "WMS",
  code: 100,
  reason: "OUTER",
  status: "INTERNAL",
  message: "outer",
});

/** Complete: a branch for each code, and one for codes that this version does not know. */
function advise(causeOrError: unknown): string {
  const match = matchCause(causeOrError, catalog);
  switch (match.fullCode) {
    case "ROUTE_DISPATCH_20003":
      expectTypeOf(match.args).toEqualTypeOf<{ readonly address: string }>();
      return `configure ${match.args.address}`;
    case noVehicle.fullCode:
      expectTypeOf(match.args).toEqualTypeOf<{ readonly tour: string; readonly day: string }>();
      return `find a vehicle for ${match.args.tour}`;
    case undefined:
      return match.cause === undefined ? "no cause" : `another: ${match.cause.code}`;
  }
}

// @ts-expect-error NO_VEHICLE is missing
function lacksCode(error: unknown): string {
  const match = matchCause(error, catalog);
  switch (match.fullCode) {
    case "ROUTE_DISPATCH_20003":
      return "range";
    case undefined:
      return "unknown";
  }
}

// @ts-expect-error the branch for unknown codes is missing
function lacksUnknown(error: unknown): string {
  const match = matchCause(error, catalog);
  switch (match.fullCode) {
    case "ROUTE_DISPATCH_20003":
      return "range";
    case "ROUTE_DISPATCH_20004":
      return "vehicle";
  }
}

function lacksCodeWithoutResult(error: unknown): void {
  const match = matchCause(error, catalog);
  switch (match.fullCode) {
    case "ROUTE_DISPATCH_20003":
    case undefined:
      break;
    default:
      // @ts-expect-error NO_VEHICLE is missing
      match satisfies never;
  }
}

function hasWrongCode(error: unknown): void {
  const match = matchCause(error, catalog);
  // @ts-expect-error not one of the catalog
  if (match.fullCode === "ROUTE_DISPATCH_99999") {
    expect.unreachable();
  }
}

describe("matchCause", () => {
  const below = noVehicle({ tour: "7", day: "Monday" });
  const err = outer({}, { cause: rangeNotConfigured({ address: "Mill Lane" }, { cause: below }) });

  test("tells the codes of a catalog apart, at any link of the chain", () => {
    expect(errorChain(err)?.causes.map(advise)).toEqual([
      "another: 100",
      "configure Mill Lane",
      "find a vehicle for 7",
    ]);
    expect(advise(rootCause(err))).toBe("find a vehicle for 7");
    expect(advise(err)).toBe("another: 100");
    expect(advise(below)).toBe("find a vehicle for 7");
  });

  test("takes any value", () => {
    for (const value of [undefined, null, "text", new Error("x"), new ConnectError("x")]) {
      expect(advise(value)).toBe("no cause");
    }
  });

  test("leaves what is incomplete to the compiler", () => {
    expect([lacksCode, lacksUnknown, lacksCodeWithoutResult, hasWrongCode]).toHaveLength(4);
  });
});
