import { useRef, useState } from "preact/hooks";
import { traceIdsIn } from "../../../src/trace/trace-ids.ts";
import { hub } from "../api/hub.ts";
import { go } from "../url/location.ts";
import { tracePath } from "../url/screens.ts";

/** Longer texts could be over what the hub reads, which is 64 KiB. */
const MAX_TEXT = 20_000;

const NO_ID =
  "There is no trace ID in this. It has 32 hex digits, or is what stands before the first | of a log line.";

/**
 * Takes anything with a trace ID in it and goes to that trace: at once for what is
 * pasted, else on Enter.
 */
export function PasteBox({ large = false }: { large?: boolean }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [hint, setHint] = useState("");
  const [busy, setBusy] = useState(false);

  const look = async (text: string) => {
    if (traceIdsIn(text).length === 0) {
      setHint(text.trim() === "" ? "Paste a trace ID, or any text that has one in it." : NO_ID);
      return;
    }
    setHint("");
    setBusy(true);
    const traceId = await knownTraceId(text);
    setBusy(false);
    if (field.current !== null) {
      field.current.value = "";
      field.current.blur();
    }
    go(tracePath(traceId));
  };

  return (
    <search class={large ? "paste large" : "paste"}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void look(field.current?.value ?? "");
        }}
      >
        <label class={large ? "" : "off-screen"} for="paste">
          {large ? "Paste anything with a trace ID in it" : "Trace ID, or text with one in it"}
        </label>
        <textarea
          ref={field}
          id="paste"
          rows={large ? 2 : 1}
          spellcheck={false}
          autocomplete="off"
          placeholder={large ? "" : "Paste anything with a trace ID in it"}
          aria-describedby="paste-hint"
          onInput={() => setHint("")}
          onPaste={(event) => {
            const text = event.clipboardData?.getData("text/plain") ?? "";
            if (traceIdsIn(text).length > 0) {
              void look(text);
            }
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey) {
              event.preventDefault();
              void look(event.currentTarget.value);
            } else if (event.key === "Escape") {
              event.currentTarget.blur();
            }
          }}
        />
        <button type="submit" class="primary" disabled={busy}>
          {busy ? "Looking …" : "Show"}
        </button>
      </form>
      <p id="paste-hint" class="hint" role="status">
        {hint}
      </p>
    </search>
  );
}

/** Where several IDs are in a text, the hub knows which of them it has. */
async function knownTraceId(text: string): Promise<string> {
  const [first = ""] = traceIdsIn(text);
  try {
    const { trace } = await hub.getTrace({ text: text.length <= MAX_TEXT ? text : first });
    return trace?.summary?.traceId ?? first;
  } catch {
    return first; // the trace's own screen asks again, and says what is wrong
  }
}
