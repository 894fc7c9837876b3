import { useEffect, useState } from "preact/hooks";
import { go, useUrl, withParams } from "../url/location.ts";
import { isRoleName, ROLE_LABELS, type RoleName } from "../url/role.ts";
import {
  fixedRangeParams,
  isRangeName,
  RANGES,
  rangeParams,
  type TimeRange,
} from "../url/time-range.ts";
import { formatMinute } from "./times.tsx";

const RANGE_LABELS: Record<keyof typeof RANGES, string> = {
  "15m": "Last 15 minutes",
  "1h": "Last hour",
  "6h": "Last 6 hours",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
};

/** Chooses the time range that the address asks for. */
export function RangeChoice({ range }: { range: TimeRange }) {
  const url = useUrl();
  return (
    <label class="field">
      <span>Time</span>
      <select
        value={range.name ?? "fixed"}
        onChange={({ currentTarget: { value } }) => {
          if (isRangeName(value)) go(withParams(url, rangeParams(value)));
        }}
      >
        {range.name === undefined && (
          <option value="fixed">
            {formatMinute(range.start)} – {formatMinute(range.end)}
          </option>
        )}
        {Object.keys(RANGES)
          .filter(isRangeName)
          .map((name) => (
            <option key={name} value={name}>
              {RANGE_LABELS[name]}
            </option>
          ))}
      </select>
    </label>
  );
}

/** Goes to a part of the time that is shown. */
export function zoom(url: URL, start: Date, end: Date): void {
  go(withParams(url, fixedRangeParams(start, end)));
}

/** Chooses which hops count. */
export function RoleChoice({ role, roles }: { role: RoleName; roles: readonly RoleName[] }) {
  const url = useUrl();
  return (
    <fieldset class="field switch">
      <legend>Count</legend>
      {roles.map((name) => (
        <label key={name} title={ROLE_LABELS[name].hint}>
          <input
            type="radio"
            name="role"
            value={name}
            checked={name === role}
            onChange={({ currentTarget: { value } }) => {
              const isDefault = value === roles[0];
              if (isRoleName(value)) {
                go(withParams(url, { role: isDefault ? undefined : value }));
              }
            }}
          />
          <span>{ROLE_LABELS[name].label}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** A field whose value is in the address, written there when the reader is done typing. */
export function TextFilter(props: { name: string; label: string; placeholder: string }) {
  const { name, label, placeholder } = props;
  const url = useUrl();
  const chosen = url.searchParams.get(name) ?? "";
  // The screen may be drawn anew while somebody types.
  const [typed, setTyped] = useState(chosen);
  useEffect(() => setTyped(chosen), [chosen]);
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="search"
        value={typed}
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        onChange={({ currentTarget }) =>
          go(withParams(new URL(window.location.href), { [name]: currentTarget.value.trim() }))
        }
        onKeyDown={(event) => {
          if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
        }}
      />
    </label>
  );
}

/** Where the address cannot be read, what is shown instead. */
export function RangeProblem({ range }: { range: TimeRange }) {
  return range.problem === undefined ? null : (
    <p class="stale" role="status">
      ⚠ <bdi>{range.problem}</bdi> You see the last 24 hours.
    </p>
  );
}
