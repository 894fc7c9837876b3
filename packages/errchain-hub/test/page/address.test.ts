import { describe, expect, test } from "vitest";
import { codePath, screenAt, tracePath } from "../../page/src/url/screens.ts";
import { neighbour, rangeParams, timeRange } from "../../page/src/url/time-range.ts";

describe("which screen an address shows", () => {
  test.each([
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "1677474.49460.9140",
    "order /17",
    "50%",
    "a?b#c",
  ])("the permalink of %s leads back to it", (traceId) => {
    const { pathname } = new URL(tracePath(traceId), "http://localhost");
    expect(screenAt(pathname)).toEqual({ name: "trace", traceId });
  });

  test("codes take the time range along", () => {
    const from = new URL("http://localhost/overview?role=surfaced&range=6h");
    expect(codePath("ROUTE_1", from)).toBe("/code/ROUTE_1?range=6h");
  });

  test.each([
    ["/", "start"],
    ["/overview", "overview"],
    ["/overview/", "overview"],
    ["/live", "live"],
    ["/t/", "nowhere"],
    ["/code", "nowhere"],
    ["/overview/x", "nowhere"],
    ["/t/%", "trace"],
  ])("%s: %s", (pathname, name) => {
    expect(screenAt(pathname).name).toBe(name);
  });
});

describe("the time range in an address", () => {
  const now = new Date("2026-05-01T12:00:00Z");
  const read = (query: string) => timeRange(new URLSearchParams(query), now);

  test("ends now, or where the address says", () => {
    expect(read("range=6h").start.toISOString()).toBe("2026-05-01T06:00:00.000Z");
    expect(read("").name).toBe("24h");
    expect(read("from=2026-04-01T00:00Z").end).toBe(now);
    const { name, end } = read("from=2026-04-01T00:00Z&to=2026-04-02T00:00Z");
    expect(name).toBeUndefined();
    expect(end.toISOString()).toBe("2026-04-02T00:00:00.000Z");
  });

  test.each(["range=soon", "range=toString", "from=yesterday", "to=2026-04-01T00:00Z"])(
    "%s is no range, and that is said",
    (query) => {
      expect(read(query)).toMatchObject({ name: "24h", end: now });
      expect(read(query).problem).toMatch(/^The address asks for /);
    },
  );

  test("the default needs no word in the address", () => {
    expect(rangeParams("24h")["range"]).toBeUndefined();
    expect(rangeParams("7d")["range"]).toBe("7d");
  });

  test("steps stop at the ends", () => {
    expect(neighbour("24h", 1)).toBe("7d");
    expect(neighbour("15m", -1)).toBe("15m");
    expect(neighbour(undefined, -1)).toBe("6h");
  });
});
