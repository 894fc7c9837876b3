const whole = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, {
  notation: "compact",
  maximumFractionDigits: 1,
});
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const finePercent = new Intl.NumberFormat(undefined, {
  style: "percent",
  maximumFractionDigits: 1,
});

export function formatCount(count: number | bigint): string {
  return whole.format(count);
}

/** `12.3K`, for narrow places. */
export function formatCompact(count: number): string {
  return compact.format(count);
}

export function formatShare(share: number): string {
  return share > 0 && share < 0.01 ? finePercent.format(share) : percent.format(share);
}

export function counted(count: number | bigint, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${Number(count) === 1 ? one : many}`;
}

/** The change against the time before, in words: colour says nothing here. */
export function formatChange(count: bigint, before: bigint): string {
  if (count === before) {
    return "as before";
  }
  if (before === 0n) {
    return "none before";
  }
  const ratio = Number(count) / Number(before);
  const change = ratio >= 2 ? `×${ratio.toFixed(ratio >= 10 ? 0 : 1)}` : percentChange(ratio - 1);
  return `${count > before ? "▲" : "▼"} ${change}`;
}

function percentChange(change: number): string {
  return `${change > 0 ? "+" : "−"}${percent.format(Math.abs(change))}`;
}
