import { useState } from "preact/hooks";

/** A button that copies a text, and says whether that worked. */
export function CopyButton({ text, label, id }: { text: string; label: string; id?: string }) {
  const [said, setSaid] = useState("");
  const onClick = async () => {
    setSaid((await copy(text)) ? "Copied" : "Not allowed here");
    setTimeout(() => setSaid(""), 1500);
  };
  return (
    <button type="button" id={id} onClick={onClick}>
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyTheOldWay(text);
  }
}

/** The clipboard API is for secure contexts; a hub in a company's network may have no TLS. */
function copyTheOldWay(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "off-screen";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
