import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { useEffect } from "preact/hooks";
import type { GetCodeResponse } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { hub } from "../api/hub.ts";
import { useQuery } from "../api/use-query.ts";
import { Answer } from "../ui/answer.tsx";
import { CodeFacts } from "../ui/code-facts.tsx";
import { RangeChoice, RangeProblem, RoleChoice, zoom } from "../ui/filters.tsx";
import { stepFocus, useKeys } from "../ui/keys.ts";
import { formatCount } from "../ui/numbers.ts";
import { Notice } from "../ui/problem.tsx";
import { Ago } from "../ui/times.tsx";
import { TrendChart } from "../ui/trend-chart.tsx";
import { go, useUrl, withParams } from "../url/location.ts";
import { roleName, roleOf } from "../url/role.ts";
import { neighbour, rangeParams, timeRange } from "../url/time-range.ts";
import { CodeFlow } from "./code-flow.tsx";
import { LatestTraces } from "./latest-traces.tsx";

const ROLES = ["any", "root", "surfaced"] as const;

/** All about one code: how often, where it comes from and what it turns into. */
export function CodeScreen({ fullCode }: { fullCode: string }) {
  useEffect(() => {
    document.title = `${fullCode} · errchain hub`;
  }, [fullCode]);
  const url = useUrl();
  const { searchParams } = url;
  const range = timeRange(searchParams, new Date());
  const role = roleName(searchParams, "any");
  const refreshed = range.name === undefined ? {} : { everyMs: 15_000 };
  const query = useQuery(
    `code ${fullCode} ${url.search}`,
    (signal) => askFor(fullCode, searchParams, signal),
    refreshed.everyMs,
  );
  useKeys({
    f: () => stepFocus("a.step", 1),
    b: () => stepFocus("a.step", -1),
    r: () => go(withParams(url, { role: role === "root" ? "surfaced" : "root" })),
    "]": () => go(withParams(url, rangeParams(neighbour(range.name, 1)))),
    "[": () => go(withParams(url, rangeParams(neighbour(range.name, -1)))),
  });

  return (
    <div class="code-screen">
      <header class="screen-head">
        <h1 class="code">
          <bdi>{fullCode}</bdi>
        </h1>
        <div class="filters">
          <RangeChoice range={range} />
          <RoleChoice role={role} roles={ROLES} />
        </div>
        <RangeProblem range={range} />
      </header>
      <Answer query={query}>
        {({ code, trend }) => (
          <>
            <About code={code} />
            {code.firstSeenAt === undefined ? (
              <Notice title="The hub has never seen this code">
                <p>
                  If it is written as the systems write it, nothing has failed with it so far. All
                  codes that were seen are in the <a href="/overview?range=30d">overview</a>.
                </p>
              </Notice>
            ) : (
              <>
                <section class="card" aria-labelledby="trend-title">
                  <h2 id="trend-title">Over time</h2>
                  <TrendChart trend={trend} onZoom={(start, end) => zoom(url, start, end)} />
                </section>
                <section class="card" aria-labelledby="flow-title">
                  <h2 id="flow-title">Where it comes from, and what it turns into</h2>
                  <CodeFlow code={code} />
                </section>
                <section class="card" aria-labelledby="latest-title">
                  <h2 id="latest-title">Latest traces</h2>
                  <LatestTraces fullCode={fullCode} {...refreshed} />
                </section>
              </>
            )}
          </>
        )}
      </Answer>
    </div>
  );
}

function About({ code }: { code: GetCodeResponse }) {
  const { info } = code;
  return (
    <section class="about" aria-label="About the code">
      {(info?.reason || info?.status) && (
        <p>
          <strong>{info.reason}</strong> <span class="status">{info.status}</span>{" "}
          {info.retry && <span class="muted">{RETRY[info.retry] ?? info.retry}</span>}
        </p>
      )}
      {info?.message && <p class="template">“{info.message}”</p>}
      <CodeFacts info={info} />
      <dl class="tiles figures">
        <Figure name="At any hop" value={formatCount(code.count)} />
        <Figure name="As the first fault" value={formatCount(code.rootCount)} />
        <Figure name="As what users saw" value={formatCount(code.surfacedCount)} />
        <div>
          <dt>First seen</dt>
          <dd>
            <Ago at={code.firstSeenAt} />
          </dd>
        </div>
        <div>
          <dt>Last seen</dt>
          <dd>
            <Ago at={code.lastSeenAt} />
          </dd>
        </div>
      </dl>
    </section>
  );
}

const RETRY: Readonly<Record<string, string>> = {
  RETRY: "may be repeated",
  DO_NOT_RETRY: "do not repeat",
};

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong>
      </dd>
    </div>
  );
}

async function askFor(fullCode: string, params: URLSearchParams, signal: AbortSignal) {
  const range = rangeOf(params);
  const [code, trend] = await Promise.all([
    hub.getCode({ fullCode, range }, { signal }),
    hub.trend({ fullCode, range, role: roleOf(roleName(params, "any")) }, { signal }),
  ]);
  return { code, trend };
}

function rangeOf(params: URLSearchParams) {
  const { start, end } = timeRange(params, new Date());
  return { start: timestampFromDate(start), end: timestampFromDate(end) };
}
