import { type Timestamp, timestampDate, timestampMs } from "@bufbuild/protobuf/wkt";

const dayAndTime = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});
const timeOnly = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});
const toTheMinute = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

export function formatMinute(date: Date): string {
  return toTheMinute.format(date);
}

/** A time in the reader's own zone; the tooltip has it in UTC, as logs do. */
export function Time({ at, short = false }: { at: Timestamp | undefined; short?: boolean }) {
  if (at === undefined) {
    return <span class="muted">unknown</span>;
  }
  const date = timestampDate(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const text = (short && isToday ? timeOnly : dayAndTime).format(date);
  return (
    <time class="time" dateTime={date.toISOString()} title={date.toISOString()}>
      {text}
    </time>
  );
}

/** How long ago, roughly: "3 minutes ago". */
export function Ago({ at }: { at: Timestamp | undefined }) {
  if (at === undefined) {
    return <span class="muted">never</span>;
  }
  const date = timestampDate(at);
  return (
    <time class="time" dateTime={date.toISOString()} title={date.toISOString()}>
      {formatAgo(Date.now() - date.getTime())}
    </time>
  );
}

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "always" });

function formatAgo(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return relative.format(-seconds, "second");
  if (seconds < 3600) return relative.format(-Math.round(seconds / 60), "minute");
  if (seconds < 48 * 3600) return relative.format(-Math.round(seconds / 3600), "hour");
  return relative.format(-Math.round(seconds / 86_400), "day");
}

/** The time between two moments: "12 ms", "3.2 s". Empty where one is unknown. */
export function formatOffset(from: Timestamp | undefined, to: Timestamp | undefined): string {
  if (from === undefined || to === undefined) {
    return "";
  }
  const ms = timestampMs(to) - timestampMs(from);
  const size = Math.abs(ms);
  const text =
    size < 1000
      ? `${size} ms`
      : size < 60_000
        ? `${(size / 1000).toFixed(1)} s`
        : size < 7_200_000
          ? `${Math.round(size / 60_000)} min`
          : `${Math.round(size / 3_600_000)} h`;
  return ms < 0 ? `−${text}` : text;
}
