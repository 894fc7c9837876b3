import { describe, expect, test } from "vitest";
import { type Carrier, makeSendable } from "./sendable.js";

describe("makeSendable", () => {
  test.each<Carrier>(["trailers", "headers", "body"])("is bounded in time over %s", (carrier) => {
    const count = 20_000;
    const headers = Array.from({ length: count }, (_, n): [string, string] => [`x${n}`, "v"]);
    const details = headers.map(([type]) => ({ type, value: new Uint8Array() }));
    const metadata = new Headers(headers);
    const start = performance.now();
    makeSendable({ message: "no", details, metadata: undefined }, 100, () => carrier);
    makeSendable({ message: "no", details: [], metadata }, 100, () => carrier);
    expect(performance.now() - start).toBeLessThan(1_500); // it was more than 3 s
  });

  test("says last of all goodbye to the header that says when to come again", () => {
    const headers = Array.from({ length: 150 }, (_, n): [string, string] => [`x${n}`, "v"]);
    const pushback: [string, string] = ["grpc-retry-pushback-ms", "700"];
    for (const carrier of ["trailers", "headers"] as const) {
      const { metadata } = makeSendable(
        { message: "no", details: [], metadata: new Headers([...headers, pushback]) },
        100,
        () => carrier,
      );
      expect([...(metadata ?? [])]).toHaveLength(100);
      expect(metadata?.get(pushback[0])).toBe(pushback[1]);
    }
  });

  test("keeps the order of what stays", () => {
    const sizes = [10, 30_000, 20, 20_000, 30];
    const details = sizes.map((size) => ({ type: `t${size}`, value: new Uint8Array(size) }));
    const sendable = makeSendable(
      { message: "no", details, metadata: undefined },
      100,
      () => "trailers",
    );
    expect(sendable.details).toEqual(details.filter(({ value }) => value.length < 30_000));
    expect(sendable.truncated).toEqual(["t30000"]);
  });

  test("cuts a message that is longer than can be encoded", () => {
    const message = "没".repeat(60_000_000);
    const sendable = makeSendable(
      { message, details: [], metadata: undefined },
      100,
      () => "trailers",
    );
    expect(sendable.message).toMatch(/^没{3000,}…$/);
  });
});
