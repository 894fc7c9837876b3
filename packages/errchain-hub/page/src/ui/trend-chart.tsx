import { timestampMs } from "@bufbuild/protobuf/wkt";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { TrendResponse } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { counted, formatCompact, formatCount } from "./numbers.ts";
import { useTheme } from "./theme.ts";
import { formatMinute } from "./times.tsx";

const HEIGHT = 200;

/**
 * Failures over time as bars. What the pointer is on is told in a line above, split
 * by series. Dragging chooses a part of the time.
 */
export function TrendChart(props: {
  trend: TrendResponse;
  onZoom: (start: Date, end: Date) => void;
}) {
  const { trend, onZoom } = props;
  const frame = useRef<HTMLDivElement>(null);
  const zoomed = useRef(onZoom);
  zoomed.current = onZoom;
  const [at, setAt] = useState<number | undefined>();
  const theme = useTheme();
  const totals = totalsOf(trend);

  useEffect(() => {
    const element = frame.current;
    if (element === null) {
      return;
    }
    const chart = new uPlot(
      optionsFor(element, trend, setAt, (start, end) => zoomed.current(start, end)),
      [totals.map((_, index) => stepStart(trend, index).getTime() / 1000), totals],
      element,
    );
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [trend, theme]);

  return (
    <figure class="trend">
      <figcaption>
        {at === undefined ? summary(trend, totals) : stepText(trend, totals, at)}
      </figcaption>
      <div ref={frame} role="img" aria-label={summary(trend, totals)} />
    </figure>
  );
}

function optionsFor(
  element: HTMLElement,
  trend: TrendResponse,
  onPoint: (index: number | undefined) => void,
  onZoom: (start: Date, end: Date) => void,
): uPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const first = stepStart(trend, 0).getTime() / 1000;
  const last = stepStart(trend, totalsOf(trend).length).getTime() / 1000;
  const font = `12px ${style.fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: color("--muted"),
    font,
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { setScale: false } },
    scales: {
      x: { time: true, range: [first, last] },
      y: { range: (_, __, max) => [0, Math.max(4, max * 1.1)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        values: (_, times, __, ___, step) => times.map(tick(step)),
      },
      {
        ...axis,
        size: 48,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7],
        values: (_, values) => values.map((value) => formatCompact(value)),
      },
    ],
    series: [
      {},
      {
        fill: color("--bar"),
        width: 0,
        points: { show: false },
        paths: bars({ size: [0.8, 40], align: 1 }),
      },
    ],
    hooks: {
      setCursor: [
        (chart) => {
          const { left = -1 } = chart.cursor;
          // Not the nearest start of a step, which uPlot gives: the step that the pointer is in.
          const time = chart.posToVal(left, "x");
          onPoint(left < 0 ? undefined : Math.floor((time - first) / trend.stepSeconds));
        },
      ],
      setSelect: [
        (chart) => {
          const { left, width } = chart.select;
          if (width > 4) {
            const time = (x: number) => new Date(Math.round(chart.posToVal(x, "x") * 1000));
            chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            onZoom(time(left), time(left + width));
          }
        },
      ],
    },
  };
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** What stands below the axis; the day only where it changes. */
function tick(stepSeconds: number): (seconds: number, index: number) => string {
  return (seconds, index) => {
    const time = new Date(seconds * 1000);
    if (stepSeconds >= 86_400) {
      return day.format(time);
    }
    const isNewDay = time.getHours() * 3600 + time.getMinutes() * 60 < stepSeconds;
    return index === 0 || isNewDay
      ? `${clock.format(time)}\n${day.format(time)}`
      : clock.format(time);
  };
}

function bars(options: uPlot.Series.BarsPathBuilderOpts): uPlot.Series.PathBuilder {
  const builder = uPlot.paths.bars;
  if (builder === undefined) {
    throw new Error("this build of uPlot has no bars");
  }
  return builder(options);
}

function stepStart({ start, stepSeconds }: TrendResponse, index: number): Date {
  return new Date((start === undefined ? 0 : timestampMs(start)) + index * stepSeconds * 1000);
}

function totalsOf({ series }: TrendResponse): number[] {
  return Array.from({ length: series[0]?.counts.length ?? 0 }, (_, index) =>
    series.reduce((sum, { counts }) => sum + Number(counts[index] ?? 0n), 0),
  );
}

/** The chart in a sentence, for who does not see it. */
function summary(trend: TrendResponse, totals: readonly number[]): string {
  const most = Math.max(0, ...totals);
  if (most === 0) {
    return "No failures";
  }
  const when = formatMinute(stepStart(trend, totals.indexOf(most)));
  return `Most at ${when}: ${counted(most, "failure")} in ${stepLength(trend)}`;
}

function stepText(trend: TrendResponse, totals: readonly number[], index: number): string {
  const parts = trend.series
    .map(({ name, counts }) => ({ name, count: counts[index] ?? 0n }))
    .filter(({ count }) => count > 0n);
  const named = parts.length > 1 || parts[0]?.name;
  const split = parts.map(({ name, count }) => `${name || "others"} ${formatCount(count)}`);
  const time = `${formatMinute(stepStart(trend, index))}, ${stepLength(trend)}`;
  return `${time}: ${counted(totals[index] ?? 0, "failure")}${named ? ` (${split.join(", ")})` : ""}`;
}

function stepLength({ stepSeconds }: TrendResponse): string {
  return stepSeconds < 3600
    ? counted(stepSeconds / 60, "minute")
    : counted(Math.round(stepSeconds / 3600), "hour");
}
