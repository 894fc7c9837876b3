import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  Role as ApiRole,
  type TraceFilter as ApiTraceFilter,
  type GetStatusResponseSchema,
  type HubService,
  type TimeRange,
  TrendGroup,
} from "../../gen/errchain/hub/v1/hub_pb.js";
import type { Catalog } from "../catalog/catalog.js";
import { isPageToken } from "../store/page-token.js";
import type { CodeCount, CodeLink, Range, Role, Store, TraceFilter } from "../store/store.js";
import {
  codeInfo,
  codeRef,
  microseconds,
  timestamp,
  traceMessage,
  traceSummary,
} from "./convert.js";
import { findTrace } from "./find-trace.js";
import { watchTraces } from "./watch.js";

export interface HubServiceOptions {
  readonly store: Store;
  readonly catalog: Catalog;
  /** What GetStatus answers. */
  readonly status: () => Promise<MessageInitShape<typeof GetStatusResponseSchema>>;
}

const HOUR_US = 3_600_000_000;
const DAY_MS = 86_400_000;
const MAX_TEXT = 64 * 1024;

/** The API of the hub, see hub.proto. */
export function createHubService(options: HubServiceOptions): ServiceImpl<typeof HubService> {
  const { store, catalog, status } = options;
  return {
    async getTrace({ text }) {
      if (text.trim() === "") {
        throw invalid("text is empty: give a trace ID, or a text with one in it");
      }
      if (text.length > MAX_TEXT) {
        throw invalid(`text has ${text.length} characters, more than ${MAX_TEXT}`);
      }
      const found = await findTrace(store, text);
      if (found === undefined) {
        throw new ConnectError(
          "no failure of this trace has come in (yet), or it is older than what is kept",
          Code.NotFound,
        );
      }
      return { trace: traceMessage(found.traceId, found.link, catalog) };
    },

    async searchTraces({ range, filter, limit, pageToken }) {
      if (!isPageToken(pageToken)) {
        throw invalid("page_token is not one that this API has given");
      }
      const page = await store.searchTraces({
        range: readRange(range),
        filter: readFilter(filter),
        limit: readLimit(limit, 50, 500),
        pageToken,
      });
      const { traces, nextPageToken } = page;
      return { traces: traces.map((trace) => traceSummary(trace, catalog)), nextPageToken };
    },

    async topCodes({ range, role, system, onlyNew, limit }) {
      const asked = readRange(range);
      const top = await store.topCodes({
        range: asked,
        role: readRole(role),
        system,
        onlyNew,
        limit: readLimit(limit, 20, 1000),
      });
      const share = (count: number) => (top.total === 0 ? 0 : count / top.total);
      const codeCount = ({ code, count, countBefore, firstSeenUs }: CodeCount) => ({
        code: codeRef(code),
        count: BigInt(count),
        countBefore: BigInt(countBefore),
        share: share(count),
        firstSeenAt: timestamp(firstSeenUs),
        isNew: firstSeenUs >= asked.startUs,
        ...codeInfo(code, catalog),
      });
      return {
        codes: top.codes.map(codeCount),
        systems: top.systems.map(({ system, count, codeCount: different, codes }) => ({
          system,
          count: BigInt(count),
          share: share(count),
          codeCount: BigInt(different),
          codes: codes.map(codeCount),
        })),
        total: BigInt(top.total),
        totalBefore: BigInt(top.totalBefore),
        codeCount: BigInt(top.codeCount),
        range: { start: timestamp(top.range.startUs), end: timestamp(top.range.endUs) },
      };
    },

    async trend({ range, role, system, fullCode, group, stepSeconds, limit }) {
      const asked = readRange(range);
      const { startUs, series, ...rest } = await store.trend({
        range: asked,
        role: readRole(role),
        system,
        fullCode,
        group: GROUPS[group] ?? "all",
        stepSeconds: readStep(stepSeconds, asked),
        limit: readLimit(limit, 8, 50),
      });
      return {
        start: timestamp(startUs),
        stepSeconds: rest.stepSeconds,
        series: series.map(({ name, counts, total }) => ({
          name,
          counts: counts.map(BigInt),
          total: BigInt(total),
        })),
      };
    },

    async getCode({ fullCode, range }) {
      const found = await store.code({ fullCode, range: readRange(range) });
      if (found === undefined) {
        throw new ConnectError("this code has never come in", Code.NotFound);
      }
      const link = ({ code, count }: CodeLink) => ({
        code: codeRef(code),
        count: BigInt(count),
        // Codes and links are counted apart, and one can be a moment ahead.
        share: found.count === 0 ? 0 : Math.min(count / found.count, 1),
      });
      return {
        code: codeRef(found.code),
        ...codeInfo(found.code, catalog),
        // Not set while its first record is not in the counts yet.
        ...(found.firstSeenUs > 0 && {
          firstSeenAt: timestamp(found.firstSeenUs),
          lastSeenAt: timestamp(found.lastSeenUs),
        }),
        rootCount: BigInt(found.rootCount),
        surfacedCount: BigInt(found.surfacedCount),
        count: BigInt(found.count),
        comesFrom: found.comesFrom.map(link),
        turnsInto: found.turnsInto.map(link),
      };
    },

    async *watchTraces(request, { signal }) {
      const filter = readFilter(request.filter);
      const watched = watchTraces(store, filter, signal);
      try {
        // Watch first, then search: nothing is lost in between.
        await watched.next();
        yield {};
        const backlog = Math.min(request.backlog, 200);
        if (backlog > 0) {
          const range = { startUs: 0, endUs: (Date.now() + DAY_MS) * 1000 };
          const page = await store.searchTraces({ range, filter, limit: backlog, pageToken: "" });
          for (const trace of page.traces.toReversed()) {
            yield { trace: traceSummary(trace, catalog) };
          }
        }
        for await (const { change, skipped } of watched) {
          const told = change && {
            trace: traceSummary(change.trace, catalog),
            changed: change.changed,
          };
          yield { ...told, skipped: BigInt(skipped) };
        }
      } finally {
        await watched.return(undefined);
      }
    },

    getStatus: status,
  };
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}

function readRange(range: TimeRange | undefined): Range {
  const endUs = range?.end ? microseconds(range.end) : Date.now() * 1000;
  const startUs = range?.start ? microseconds(range.start) : endUs - HOUR_US;
  if (startUs >= endUs) {
    throw invalid("the range ends before it starts");
  }
  return { startUs, endUs };
}

const ROLES: Record<number, Role> = {
  [ApiRole.UNSPECIFIED]: "root",
  [ApiRole.ROOT]: "root",
  [ApiRole.SURFACED]: "surfaced",
  [ApiRole.ANY]: "any",
};

function readRole(role: ApiRole): Role {
  const known = ROLES[role];
  if (known === undefined) {
    throw invalid(`there is no role ${role}`);
  }
  return known;
}

function readFilter(filter: ApiTraceFilter | undefined): TraceFilter {
  const {
    role = ApiRole.UNSPECIFIED,
    system = "",
    module = "",
    fullCode = "",
    text = "",
  } = filter ?? {};
  return { role: readRole(role), system, module, fullCode, text };
}

function readLimit(limit: number, normal: number, max: number): number {
  return limit === 0 ? normal : Math.min(limit, max);
}

const GROUPS: Record<number, "system" | "code"> = {
  [TrendGroup.SYSTEM]: "system",
  [TrendGroup.CODE]: "code",
};

/** Lengths that divide an hour or a day, in seconds. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * 60);
const MAX_STEPS = 1500;

function readStep(asked: number, { startUs, endUs }: Range): number {
  if (asked % 60 !== 0) {
    throw invalid("step_seconds is not a multiple of 60");
  }
  const seconds = (endUs - startUs) / 1_000_000;
  const least = asked > 0 ? seconds / MAX_STEPS : seconds / 120;
  const day = 86_400;
  const step = STEPS.find((step) => step >= least) ?? Math.ceil(least / day) * day;
  return Math.max(asked, step);
}
