import { useLayoutEffect, useRef } from "preact/hooks";

/** What a key does, by `KeyboardEvent.key`. */
export type Keys = Readonly<Record<string, () => void>>;

/** Answers to keys while the component is shown, unless somebody types into a field. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  // Before the screen is painted: a key that is pressed then is meant for it.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const act = latest.current[event.key];
      const modified = event.ctrlKey || event.metaKey || event.altKey;
      const elsewhere = document.querySelector("dialog[open]") !== null;
      if (act !== undefined && !modified && !elsewhere && !takesText(event.target)) {
        event.preventDefault();
        act();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

function takesText(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select") !== null;
}

/** Moves the focus among the elements that a selector finds: f and b. */
export function stepFocus(selector: string, step: -1 | 1): void {
  const all = [...document.querySelectorAll<HTMLElement>(selector)];
  const { activeElement } = document;
  const at = activeElement instanceof HTMLElement ? all.indexOf(activeElement) : -1;
  const next = at === -1 ? (step === 1 ? 0 : all.length - 1) : at + step;
  all[Math.min(Math.max(next, 0), all.length - 1)]?.focus();
}
