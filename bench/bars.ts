// What errchain promises to cost, held against what a run has measured. Calls over
// the network are judged one at a time: at 64 the time of a call is the queue's.

import { work } from "./chain-work.ts";
import type { Protocol } from "./connect.ts";
import { failure } from "./failure.ts";
import { type Bar, judge, type Measured, overheadShare, overNs, quotient, ratio } from "./judge.ts";
import { pass } from "./passes.ts";
import { grpcJs } from "./peers/grpc-js.ts";
import { niceGrpc } from "./peers/nice-grpc.ts";
import type { Result, Section } from "./result.ts";
import { size } from "./sizes.ts";
import { success } from "./success.ts";

/** The promises about all that was measured. */
export function evaluateBars({ sections, sizes }: Pick<Result, "sections" | "sizes">): Bar[] {
  return [
    ...sections.flatMap(barsOf),
    ...sizes.flatMap(({ name, bytes }) => {
      const limit = { [size.cause]: 110, [size.example]: 600 }[name];
      const what = `size of ${name}`;
      return limit === undefined
        ? []
        : [judge({ what, where: "", holds: "at most", limit, unit: "bytes" }, [bytes, 0])];
    }),
  ];
}

function barsOf(section: Section): Bar[] {
  switch (section.kind) {
    case "success":
      return section.concurrency === 1 ? successBars(section) : [];
    case "failure":
      return section.concurrency === 1 ? failureBars(section) : [];
    case "pass":
      return passBars(section);
    case "chain":
      return chainBars(section);
  }
}

function successBars(section: Section): Bar[] {
  const where = whereOf(section);
  const atMost = (what: string, limit: number, measured: Measured) =>
    judge({ what, where, holds: "at most", limit, unit: "×" }, measured);
  const cpu = (name: string, base: string) =>
    atMost(`CPU: ${name} / ${base}`, 1.02, ratio(section, name, base, "cpuUs"));
  const share = (name: string) =>
    atMost(
      `CPU over bare: ${name} / ${success.spans}`,
      1 / 3,
      overheadShare(section, name, success.spans, success.bare, "cpuUs"),
    );
  return [
    cpu(success.withoutTrace, success.storage),
    cpu(success.transportWithoutTrace, success.storage),
    cpu(success.errchain, success.byHand),
    cpu(success.transport, success.byHand),
    share(success.errchain),
    share(success.transport),
  ];
}

function failureBars(section: Section): Bar[] {
  const where = whereOf(section);
  const protocol = section.protocol as Protocol;
  const bars: Bar[] = [];
  for (const [metric, label] of [
    ["latencyUs", "latency"],
    ["cpuUs", "CPU"],
  ] as const) {
    const add = (holds: Bar["holds"], limit: number, what: string, measured: Measured) =>
      bars.push(judge({ what: `${label}: ${what}`, where, holds, limit, unit: "×" }, measured));
    const over = (holds: Bar["holds"], limit: number, name: string, base: string) =>
      add(holds, limit, `${name} / ${base}`, ratio(section, name, base, metric));
    const limit = protocol === "gRPC" ? 1.2 : 1.15;
    over("at most", limit, failure.withoutTrace, failure.bare);
    over("at most", limit, failure.errchain, failure.bare);
    over("at most", limit, failure.transport, failure.bare);
    over("at most", 1.05, failure.errchain, failure.joinedTrace);
    over("at most", 1.05, failure.logged, failure.errchain);
    if (protocol === "Connect over HTTP/2") {
      over("at least", 1.3, failure.rebuilt, failure.errchain);
    }
    if (protocol === "gRPC") {
      for (const [peer, base] of [
        [niceGrpc.rich, niceGrpc.bare],
        [grpcJs.chain, grpcJs.bare],
      ] as const) {
        const ours = ratio(section, failure.errchain, failure.bare, metric);
        const theirs = ratio(section, peer, base, metric);
        add(
          "less than",
          1,
          `factor of ${failure.errchain} / factor of ${peer}`,
          quotient(ours, theirs),
        );
      }
    }
  }
  return bars;
}

function passBars(section: Section): Bar[] {
  // Of the interceptors: a transport also hands deadlines and cancellation down.
  const what = `a client and a server pass: ${pass.errchain}`;
  const own = overNs(section, pass.errchain, pass.noop);
  const handMade = overNs(section, pass.byHand, pass.noop);
  const lessThan = (what: string, limit: number, unit: Bar["unit"], measured: Measured) =>
    judge({ what, where: "", holds: "less than", limit, unit }, measured);
  return [
    lessThan(what, 2000, "ns", own),
    lessThan(`${what} / by hand`, 1.5, "×", quotient(own, handMade)),
  ];
}

function chainBars(section: Section): Bar[] {
  // In front of 31: with one more than that, one is left out, and that is other work.
  const measured = ratio(section, work.join(31), work.join(1), "ns");
  const what = `${work.join(31)} / of 1`;
  return [judge({ what, where: "", holds: "at most", limit: 1.3, unit: "×" }, measured)];
}

const whereOf = ({ protocol, place }: Section) => `${protocol}, ${place}`;
