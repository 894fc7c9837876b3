import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

test("the demo runs into a hub, which names the system that failed in each scene", async () => {
  const child = spawn(process.execPath, [join(root, "examples/three-hop/demo.ts"), "--hub"], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGTERM")); // and it stops its hub
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  await expect.poll(() => output, { timeout: 60_000 }).toContain("Ctrl-C stops it");
  const scenes = new Map(
    [...output.matchAll(/^\(([a-z])\) [\s\S]*?(?=^\([a-z]\) |^The hub)/gm)].map(([text, name]) => [
      name,
      text,
    ]),
  );
  for (const [name, code] of [
    ["a", "ROUTE_DISPATCH_20003"],
    ["b", "ROUTE_DISPATCH_1"],
    ["c", "ROUTE_DISPATCH_3"],
    ["e", "ROUTE_DISPATCH_20003"],
    ["f", "ROUTE_DISPATCH_4"],
    ["g", "ROUTE_DISPATCH_20003"],
    ["h", "ROUTE_DISPATCH_20003"],
  ] as const) {
    const links = [...(scenes.get(name) ?? "").matchAll(/In the hub: (\S+)/g)];
    expect(links.length, name).toBeGreaterThan(0);
    for (const [, link = ""] of links) {
      const url = new URL(link);
      const headers = { authorization: `Bearer ${url.searchParams.get("token")}` };
      const text = await (await fetch(`${url.origin}${url.pathname}.txt`, { headers })).text();
      expect(text).toMatch(/^ROUTE \(module DISPATCH\) failed first/m);
      expect(text).toContain("How sure: reported chain");
      expect(text).toContain("Owner: route-team");
      expect(text).toMatch(new RegExp(`${code} .*\\[.*first fault\\]`));
    }
  }
  expect(scenes.get("d")).not.toContain("In the hub");
  // The log lines have come in by their files, and were recognised as hops of the chains.
  const [, first = ""] = /In the hub: (\S+)/.exec(output) ?? [];
  const { origin, pathname, searchParams } = new URL(first);
  const response = await fetch(`${origin}/errchain.hub.v1.HubService/GetTrace`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${searchParams.get("token")}`,
    },
    body: JSON.stringify({ text: pathname.slice(3) }),
  });
  expect(await response.json()).toMatchObject({
    trace: {
      hops: [
        { code: { system: "WMS" }, service: "wms", sources: { lines: 1, events: 1 } },
        { code: { system: "PROMISE" }, sources: { lines: 1, events: 1, chains: 1 } },
        { code: { system: "ROUTE" }, sources: { lines: 1, events: 1, chains: 2 } },
      ],
    },
  });
  child.kill("SIGTERM");
  await once(child, "exit");
  expect(child.exitCode).toBe(0);
}, 90_000);
