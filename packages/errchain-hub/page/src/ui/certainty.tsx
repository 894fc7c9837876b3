import { Certainty } from "../../../gen/errchain/hub/v1/hub_pb.js";

const LEVELS: Record<Certainty, { bars: number; label: string; meaning: string }> = {
  [Certainty.UNSPECIFIED]: { bars: 0, label: "Unknown", meaning: "It is not stated how." },
  [Certainty.REPORTED_CHAIN]: {
    bars: 3,
    label: "Reported chain",
    meaning: "The systems said so themselves.",
  },
  [Certainty.SPAN_TREE]: {
    bars: 2,
    label: "Span tree",
    meaning: "Deduced from spans that belong together.",
  },
  [Certainty.TIME_ORDER]: {
    bars: 1,
    label: "Time order only",
    meaning: "Deduced from the time of failure alone; clocks may differ.",
  },
};

export function certaintyLabel(certainty: Certainty): string {
  return LEVELS[certainty].label;
}

/** How sure an answer is: three bars and words. */
export function CertaintyMark({
  certainty,
  explain = false,
}: {
  certainty: Certainty;
  explain?: boolean;
}) {
  const { bars, label, meaning } = LEVELS[certainty];
  return (
    <span class="certainty" title={meaning}>
      <svg width="15" height="12" viewBox="0 0 15 12" aria-hidden="true">
        {[1, 2, 3].map((bar) => (
          <rect
            key={bar}
            class={bar <= bars ? "on" : "off"}
            x={(bar - 1) * 5 + 0.5}
            y={11.5 - bar * 3.5}
            width="3"
            height={bar * 3.5}
          />
        ))}
      </svg>
      {label}
      {explain && <span class="muted"> · {meaning}</span>}
    </span>
  );
}
