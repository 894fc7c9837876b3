import { useEffect, useRef } from "preact/hooks";

const GROUPS: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  [
    "Everywhere",
    [
      ["/", "type or paste a trace ID"],
      ["1 2 3", "Trace, Overview, Live tail"],
      ["f b", "next and previous hop, code or trace; Enter opens it"],
      ["?", "this help"],
    ],
  ],
  [
    "Trace",
    [
      ["] [", "unfold and fold all hops"],
      [".", "go to the first fault"],
      ["c", "copy the trace as text"],
      ["l", "copy the link"],
    ],
  ],
  [
    "Overview and Code",
    [
      ["] [", "longer and shorter time"],
      ["r", "switch between root and surfaced"],
    ],
  ],
  ["Live tail", [["p", "pause and go on"]]],
];

/** All keys. */
export function KeyHelp({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose}>
      <header>
        <h2 id="help-title">Keys</h2>
        <button type="button" class="plain" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </header>
      {GROUPS.map(([title, keys]) => (
        <section key={title}>
          <h3>{title}</h3>
          <dl>
            {keys.map(([key, what]) => (
              <div key={key}>
                <dt>
                  {key.split(" ").map((one) => (
                    <kbd key={one}>{one}</kbd>
                  ))}
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </dialog>
  );
}
