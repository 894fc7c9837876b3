import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Certainty, type Hop, Provenance } from "../../../gen/errchain/hub/v1/hub_pb.js";
import { layOut } from "./hop-layout.ts";

/** Sizes in pixels. */
const CALLER = 58;
const MIN_WIDTH = 216;
const ACROSS = { maxWidth: 340, height: 138, gapX: 58, gapY: 34 };
const DOWN = { maxWidth: 520, height: 126, gapX: 20, gapY: 40 };
/** Room for the words above a first fault, and for its ring. */
const MARGIN = 26;
const RING = 6;

/**
 * The hops as a picture: the user's side first, an arrow for each failure that
 * travelled on, the first fault ringed. Across where there is room, else down.
 */
export function HopPicture(props: {
  hops: readonly Hop[];
  firstFault: number;
  current: number;
  onChoose: (index: number) => void;
}) {
  const { hops, firstFault, current, onChoose } = props;
  const frame = useRef<HTMLDivElement>(null);
  const room = useWidth(frame);
  const { places, columns, rows } = layOut(hops);
  const across = CALLER + RING + columns * (MIN_WIDTH + ACROSS.gapX) <= room;
  const free = across
    ? (room - CALLER - RING) / columns - ACROSS.gapX
    : (room - 2 * RING + DOWN.gapX) / rows - DOWN.gapX;
  const shape = across ? ACROSS : DOWN;
  const size = {
    ...shape,
    width: Math.floor(Math.min(Math.max(free, MIN_WIDTH), shape.maxWidth)),
  };
  const spot = (index: number) => {
    const { column, row } = places[index] ?? { column: 0, row: 0 };
    return across
      ? {
          x: CALLER + size.gapX + column * (size.width + size.gapX),
          y: MARGIN + row * (size.height + size.gapY),
        }
      : {
          x: RING + row * (size.width + size.gapX),
          y: CALLER + size.gapY + column * (size.height + size.gapY),
        };
  };
  const width = across
    ? CALLER + columns * (size.width + size.gapX) + RING
    : rows * (size.width + size.gapX) - size.gapX + 2 * RING;
  const height = across
    ? MARGIN + rows * (size.height + size.gapY) - size.gapY + RING
    : CALLER + columns * (size.height + size.gapY) + RING;
  const top = spot(0);
  const faultX = spot(firstFault).x + size.width / 2;
  const faultY = spot(firstFault).y + size.height / 2;
  useLayoutEffect(() => {
    // Where not everything fits, the first fault must.
    const { current: element } = frame;
    element?.scrollTo(faultX - element.clientWidth / 2, faultY - element.clientHeight / 2);
  }, [faultX, faultY]);
  const caller = across
    ? { x: CALLER / 2, y: top.y + size.height / 2 }
    : { x: top.x + size.width / 2, y: CALLER / 2 };

  return (
    <div class="picture" ref={frame}>
      <div class="canvas" style={{ width: `${width}px`, height: `${height}px` }}>
        <svg width={width} height={height} aria-hidden="true">
          <defs>
            <marker
              id="arrow"
              viewBox="0 0 10 10"
              refX="9"
              refY="5"
              markerWidth="7"
              markerHeight="7"
              orient="auto-start-reverse"
            >
              <path d="M0 0 10 5 0 10z" />
            </marker>
          </defs>
          {hops.map((hop, index) => {
            const from = spot(index);
            const to = hop.parent >= 0 ? spot(hop.parent) : undefined;
            return (
              <path
                key={index}
                class={`edge ${linkClass(hop)}`}
                marker-end="url(#arrow)"
                d={across ? edgeAcross(from, to, caller) : edgeDown(from, to, caller)}
              />
            );
          })}
        </svg>
        <Caller at={caller} />
        {hops.map((hop, index) => {
          const at = spot(index);
          return (
            <button
              key={index}
              type="button"
              class={nodeClass(hop, index === firstFault, index === current)}
              aria-pressed={index === current}
              style={{
                left: `${at.x}px`,
                top: `${at.y}px`,
                width: `${size.width}px`,
                height: `${size.height}px`,
              }}
              onClick={() => onChoose(index)}
            >
              {index === firstFault && <span class="tag">◎ First fault</span>}
              <span class="head">
                <strong>{hop.code?.system}</strong>
                {hop.code?.module && <span class="module"> {hop.code.module}</span>}
              </span>
              <span class="code">{hop.code?.fullCode}</span>
              <bdi class="message">{hop.message}</bdi>
              <span class="foot">
                {hop.status && <span class="status">{hop.status}</span>}
                <span>{remark(hop)}</span>
              </span>
            </button>
          );
        })}
        {hops.map((hop, index) => {
          const label = linkLabel(hop);
          const at = spot(index);
          return (
            label !== "" && (
              <span
                key={index}
                class="edge-label"
                style={
                  across
                    ? { left: `${at.x - size.gapX / 2}px`, top: `${at.y + size.height / 2 - 26}px` }
                    : {
                        left: `${at.x + size.width / 2 + 40}px`,
                        top: `${at.y - size.gapY / 2 - 9}px`,
                      }
                }
              >
                {label}
              </span>
            )
          );
        })}
      </div>
    </div>
  );

  function edgeAcross(from: Spot, to: Spot | undefined, start: Spot): string {
    const y = from.y + size.height / 2;
    if (to === undefined) {
      return `M${from.x - 2} ${y}H${start.x + CALLER / 2 - 4}`;
    }
    const endX = to.x + size.width + 3;
    const endY = to.y + size.height / 2;
    const middle = (from.x + endX) / 2;
    return `M${from.x - 2} ${y}C${middle} ${y} ${middle} ${endY} ${endX} ${endY}`;
  }

  function edgeDown(from: Spot, to: Spot | undefined, start: Spot): string {
    const x = from.x + size.width / 2;
    if (to === undefined) {
      return `M${x} ${from.y - 2}V${start.y + CALLER / 2 - 2}`;
    }
    const endX = to.x + size.width / 2;
    const endY = to.y + size.height + 3;
    const middle = (from.y + endY) / 2;
    return `M${x} ${from.y - 2}C${x} ${middle} ${endX} ${middle} ${endX} ${endY}`;
  }
}

interface Spot {
  readonly x: number;
  readonly y: number;
}

function Caller({ at }: { at: Spot }) {
  return (
    <span class="caller" style={{ left: `${at.x - CALLER / 2}px`, top: `${at.y - CALLER / 2}px` }}>
      <svg width="24" height="24" viewBox="0 0 24 24" aria-hidden="true">
        <circle cx="12" cy="8" r="4.2" />
        <path d="M3.5 21c.6-4.6 4-7 8.5-7s7.9 2.4 8.5 7z" />
      </svg>
      user
    </span>
  );
}

function nodeClass({ provenance }: Hop, isFault: boolean, isCurrent: boolean): string {
  const classes = ["hop"];
  if (isFault) classes.push("fault");
  if (isCurrent) classes.push("current");
  if (provenance === Provenance.OBSERVED) classes.push("observed");
  return classes.join(" ");
}

/** What the eye should know about who wrote the hop's entry. */
function remark({ provenance, elided }: Hop): string {
  if (elided > 0) return `${elided} left out below`;
  if (provenance === Provenance.OBSERVED) return "seen by its caller";
  return provenance === Provenance.FILLED_IN ? "not declared" : "";
}

function linkClass({ link }: Hop): string {
  return link === Certainty.TIME_ORDER
    ? "by-time"
    : link === Certainty.SPAN_TREE
      ? "by-span"
      : "reported";
}

function linkLabel({ link, inferred }: Hop): string {
  if (link === Certainty.TIME_ORDER) return "by time";
  if (link === Certainty.SPAN_TREE) return "by span";
  return inferred ? "inferred" : "";
}

/** How much room an element has, also after the window has changed. */
function useWidth(element: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const { current } = element;
    if (current === null) {
      return;
    }
    setWidth(current.clientWidth);
    const observer = new ResizeObserver(() => setWidth(current.clientWidth));
    observer.observe(current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
