import { Code, type ConnectError, createClient } from "@connectrpc/connect";
import { createClientInterceptor, defineError, errorChain } from "errchain";
import type { ErrorReport } from "errchain/report";
import { createServerInterceptor } from "errchain/server";
import { expect, test } from "vitest";
import { ProbeService } from "./gen/probe/v1/probe_pb.js";
import { failureOf, probeRoutes } from "./support/probe.js";
import { connectTo, httpVersionOf, protocols, startServer } from "./support/servers.js";

const noRange = defineError({
  system: "BACK",
  code: 20003,
  reason: "NO_RANGE",
  status: "FAILED_PRECONDITION",
  message: "no range for {address}",
  localized: { "zh-CN": "{address} 没有配送范围", de: "kein Gebiet für {address}" },
});

const noOrder = defineError({
  system: "FRONT",
  code: 10001,
  reason: "NO_ORDER",
  status: "FAILED_PRECONDITION",
  message: "the order cannot be placed",
  localized: { "zh-CN": "无法下单" },
});

test.each(protocols)("messages come in the caller's language over %s", async (protocol) => {
  const version = httpVersionOf(protocol);
  const backUrl = await startServer(
    version,
    probeRoutes(async () => {
      throw noRange({ address: "Mill Lane" });
    }),
    [createServerInterceptor({ system: "BACK" })],
  );
  const back = createClient(
    ProbeService,
    connectTo(protocol, backUrl, [createClientInterceptor()]),
  );
  const reports: ErrorReport[] = [];
  const frontUrl = await startServer(
    version,
    probeRoutes(async () => {
      throw noOrder({}, { cause: await failureOf(back.unary({})) });
    }),
    [createServerInterceptor({ system: "FRONT", onError: [(report) => reports.push(report)] })],
  );
  const front = createClient(ProbeService, connectTo(protocol, frontUrl));
  const messagesIn = async (acceptLanguage?: string) => {
    const headers = acceptLanguage === undefined ? {} : { "accept-language": acceptLanguage };
    const err = await failureOf(front.unary({}, { headers }));
    expect(err).toMatchObject({ code: Code.FailedPrecondition });
    const causes = errorChain(err)?.causes ?? [];
    return [(err as ConnectError).rawMessage, ...causes.map((cause) => cause.message)];
  };
  const english = [
    "the order cannot be placed",
    "the order cannot be placed",
    "no range for Mill Lane",
  ];

  expect(await messagesIn()).toEqual(english);
  expect(await messagesIn("fr, *")).toEqual(english);
  expect(await messagesIn("en, zh-CN;q=0.9")).toEqual(english);
  expect(await messagesIn("zh-CN, en;q=0.5")).toEqual([
    "无法下单",
    "无法下单",
    "Mill Lane 没有配送范围",
  ]);
  // Each message in the best language that it has.
  expect(await messagesIn("de-CH")).toEqual([english[0], english[1], "kein Gebiet für Mill Lane"]);
  // Logs and reports stay in one language.
  expect(new Set(reports.map((report) => report.cause.message))).toEqual(new Set([english[0]]));
});

test("the chain stays within its budget in the chosen language", async () => {
  const wordy = defineError({
    system: "WORDY",
    code: 100,
    reason: "WORDY",
    status: "INTERNAL",
    message: "short",
    localized: { "zh-CN": "很长的句子。".repeat(300) },
  });
  const url = await startServer(
    "2",
    probeRoutes(async () => {
      throw wordy({}, { cause: noRange({ address: "Mill Lane" }) });
    }),
    [createServerInterceptor({ maxBytes: 1000 })],
  );
  const client = createClient(ProbeService, connectTo("gRPC", url));
  const err = await failureOf(client.unary({}, { headers: { "accept-language": "zh-CN" } }));
  const [detail] = (err as ConnectError).details;
  expect((detail as { value: Uint8Array }).value.length).toBeLessThanOrEqual(1000);
  expect((err as ConnectError).rawMessage).toMatch(/^很长的句子。/);
  expect(errorChain(err)?.causes).toMatchObject([
    { system: "WORDY", message: expect.stringMatching(/^很长.*…$/) },
    { system: "BACK", message: "Mill Lane 没有配送范围" },
  ]);
});
