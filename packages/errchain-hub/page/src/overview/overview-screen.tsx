import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { useEffect } from "preact/hooks";
import { type TopCodesResponse, TrendGroup } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { hub } from "../api/hub.ts";
import { useQuery } from "../api/use-query.ts";
import { Answer } from "../ui/answer.tsx";
import { RangeChoice, RangeProblem, RoleChoice, zoom } from "../ui/filters.tsx";
import { stepFocus, useKeys } from "../ui/keys.ts";
import { NothingYet } from "../ui/nothing-yet.tsx";
import { formatChange, formatCount, formatShare } from "../ui/numbers.ts";
import { Notice } from "../ui/problem.tsx";
import { TrendChart } from "../ui/trend-chart.tsx";
import { go, useUrl, withParams } from "../url/location.ts";
import { roleName, roleOf } from "../url/role.ts";
import { neighbour, rangeParams, timeRange } from "../url/time-range.ts";
import { CodeTable } from "./code-table.tsx";
import { NewCodes } from "./new-codes.tsx";
import { SystemsAndCodes } from "./systems-and-codes.tsx";

const ROLES = ["root", "surfaced"] as const;
const TOP = 15;

/** What fails, and since when. */
export function OverviewScreen() {
  useEffect(() => {
    document.title = "Overview · errchain hub";
  }, []);
  const url = useUrl();
  const { searchParams } = url;
  const range = timeRange(searchParams, new Date());
  const role = roleName(searchParams);
  const system = searchParams.get("system") ?? "";
  const onlyNew = searchParams.get("new") === "1";
  const query = useQuery(
    `overview ${url.search}`,
    (signal) => askFor(searchParams, signal),
    range.name === undefined ? undefined : 15_000,
  );
  useKeys({
    f: () => stepFocus("a.step", 1),
    b: () => stepFocus("a.step", -1),
    r: () => go(withParams(url, { role: role === "root" ? "surfaced" : undefined })),
    "]": () => go(withParams(url, rangeParams(neighbour(range.name, 1)))),
    "[": () => go(withParams(url, rangeParams(neighbour(range.name, -1)))),
  });

  return (
    <div class="overview">
      <header class="screen-head">
        <h1>Overview</h1>
        <div class="filters">
          <RangeChoice range={range} />
          <RoleChoice role={role} roles={ROLES} />
          <label class="field check">
            <input
              type="checkbox"
              checked={onlyNew}
              onChange={({ currentTarget }) =>
                go(withParams(url, { new: currentTarget.checked ? "1" : undefined }))
              }
            />
            <span>Only new codes</span>
          </label>
          {system !== "" && (
            <button
              type="button"
              class="chip"
              onClick={() => go(withParams(url, { system: undefined }))}
            >
              System <strong>{system}</strong> <span aria-hidden="true">✕</span>
              <span class="off-screen">: show all systems</span>
            </button>
          )}
        </div>
        <RangeProblem range={range} />
      </header>
      <Answer query={query}>
        {({ top, fresh, trend, status }) =>
          status.traceCount === 0n && top.total === 0n ? (
            <NothingYet status={status} />
          ) : (
            <>
              <Figures top={top} system={system} newCount={fresh.codeCount} />
              <section class="card" aria-labelledby="trend-title">
                <h2 id="trend-title">Failures over time</h2>
                <TrendChart trend={trend} onZoom={(start, end) => zoom(url, start, end)} />
              </section>
              {top.codes.length === 0 ? (
                <NoFailures url={url} />
              ) : (
                <div class="columns">
                  <section class="card" aria-labelledby="top-title">
                    <h2 id="top-title">{onlyNew ? "New codes by frequency" : "Top codes"}</h2>
                    <CodeTable codes={top.codes} />
                    {top.codeCount > top.codes.length && (
                      <p class="muted">
                        The first {top.codes.length} of {formatCount(top.codeCount)} codes.
                      </p>
                    )}
                  </section>
                  <div>
                    <section class="card" aria-labelledby="new-title">
                      <h2 id="new-title">New codes</h2>
                      <NewCodes codes={fresh.codes} />
                    </section>
                    <section class="card" aria-labelledby="systems-title">
                      <h2 id="systems-title">Systems and their codes</h2>
                      <SystemsAndCodes systems={top.systems} />
                    </section>
                  </div>
                </div>
              )}
            </>
          )
        }
      </Answer>
    </div>
  );
}

async function askFor(params: URLSearchParams, signal: AbortSignal) {
  const { start, end } = timeRange(params, new Date());
  const request = {
    range: { start: timestampFromDate(start), end: timestampFromDate(end) },
    role: roleOf(roleName(params)),
    system: params.get("system") ?? "",
  };
  const onlyNew = params.get("new") === "1";
  const [top, fresh, trend, status] = await Promise.all([
    hub.topCodes({ ...request, onlyNew, limit: TOP }, { signal }),
    hub.topCodes({ ...request, onlyNew: true, limit: 6 }, { signal }),
    hub.trend({ ...request, group: TrendGroup.SYSTEM }, { signal }),
    hub.getStatus({}, { signal }),
  ]);
  return { top, fresh, trend, status };
}

function Figures(props: { top: TopCodesResponse; system: string; newCount: bigint }) {
  const { top, system, newCount } = props;
  const [worst] = top.systems;
  const chosen = top.systems.find((one) => one.system === system);
  return (
    <dl class="tiles figures">
      <div>
        <dt>Failures</dt>
        {system === "" ? (
          <dd>
            <strong>{formatCount(top.total)}</strong>{" "}
            <span class="muted">{formatChange(top.total, top.totalBefore)}</span>
          </dd>
        ) : (
          <dd>
            <strong>{formatCount(chosen?.count ?? 0n)}</strong>{" "}
            <span class="muted">{formatShare(chosen?.share ?? 0)} of all</span>
          </dd>
        )}
      </div>
      <div>
        <dt>Codes</dt>
        <dd>
          <strong>{formatCount(top.codeCount)}</strong>
        </dd>
      </div>
      <div>
        <dt>Of them new</dt>
        <dd>
          <strong>{formatCount(newCount)}</strong>
        </dd>
      </div>
      <div>
        <dt>Most often</dt>
        <dd>
          <strong>{worst?.system ?? "–"}</strong>{" "}
          {worst !== undefined && <span class="muted">{formatShare(worst.share)}</span>}
        </dd>
      </div>
    </dl>
  );
}

/** What to take away so that there is something to see. */
function NoFailures({ url }: { url: URL }) {
  const { searchParams } = url;
  return (
    <Notice title="No failures here">
      <p>Nothing matches in this time.</p>
      <ul>
        {searchParams.get("range") !== "30d" && (
          <li>
            <a href={withParams(url, rangeParams("30d"))}>Look at the last 30 days</a>
          </li>
        )}
        {searchParams.has("system") && (
          <li>
            <a href={withParams(url, { system: undefined })}>Look at all systems</a>
          </li>
        )}
        {searchParams.has("new") && (
          <li>
            <a href={withParams(url, { new: undefined })}>Look at known codes, too</a>
          </li>
        )}
      </ul>
    </Notice>
  );
}
