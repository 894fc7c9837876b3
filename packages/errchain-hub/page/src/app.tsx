import { useState } from "preact/hooks";
import { CodeScreen } from "./code/code-screen.tsx";
import { LiveScreen } from "./live/live-screen.tsx";
import { OverviewScreen } from "./overview/overview-screen.tsx";
import { PasteBox } from "./trace/paste-box.tsx";
import { StartScreen } from "./trace/start-screen.tsx";
import { TraceScreen } from "./trace/trace-screen.tsx";
import { KeyHelp } from "./ui/key-help.tsx";
import { useKeys } from "./ui/keys.ts";
import { Notice } from "./ui/problem.tsx";
import { chooseTheme, type ThemeChoice, themeChoice } from "./ui/theme.ts";
import { go, useUrl } from "./url/location.ts";
import { type Screen, screenAt } from "./url/screens.ts";

const PLACES = [
  { href: "/", label: "Trace", screens: ["start", "trace"] },
  { href: "/overview", label: "Overview", screens: ["overview", "code"] },
  { href: "/live", label: "Live tail", screens: ["live"] },
] as const;

/** The frame around every screen. */
export function App() {
  const screen = screenAt(useUrl().pathname);
  const [help, setHelp] = useState(false);
  useKeys({
    "/": () => document.getElementById("paste")?.focus(),
    "1": () => go("/"),
    "2": () => go("/overview"),
    "3": () => go("/live"),
    "?": () => setHelp(true),
  });
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href="/">
          <img src="/icon.svg" alt="" width="26" height="26" />
          <span>
            errchain <strong>hub</strong>
          </span>
        </a>
        <nav aria-label="Screens">
          {PLACES.map(({ href, label, screens }) => (
            <a
              key={href}
              href={href}
              aria-current={screens.some((name) => name === screen.name) ? "page" : undefined}
            >
              {label}
            </a>
          ))}
        </nav>
        {screen.name !== "start" && <PasteBox />}
        <div class="tools">
          <ThemeSelect />
          <button type="button" class="plain" onClick={() => setHelp(true)} title="Keys (?)">
            <span aria-hidden="true">?</span>
            <span class="off-screen">Keys</span>
          </button>
        </div>
      </header>
      <main id="main" tabindex={-1}>
        <Content screen={screen} />
      </main>
      {help && <KeyHelp onClose={() => setHelp(false)} />}
    </>
  );
}

function Content({ screen }: { screen: Screen }) {
  switch (screen.name) {
    case "start":
      return <StartScreen />;
    case "trace":
      return <TraceScreen key={screen.traceId} traceId={screen.traceId} />;
    case "overview":
      return <OverviewScreen />;
    case "code":
      return <CodeScreen key={screen.fullCode} fullCode={screen.fullCode} />;
    case "live":
      return <LiveScreen />;
    case "nowhere":
      return (
        <Notice title="There is nothing at this address">
          <p>
            A trace is at <code>/t/ID</code>, a code at <code>/code/CODE</code>.{" "}
            <a href="/">Begin with a trace ID</a>.
          </p>
        </Notice>
      );
  }
}

function ThemeSelect() {
  const [choice, setChoice] = useState<ThemeChoice>(themeChoice);
  return (
    <label>
      <span class="off-screen">Colours</span>
      <select
        value={choice}
        onChange={({ currentTarget: { value } }) => {
          const next = value === "light" || value === "dark" ? value : "system";
          chooseTheme(next);
          setChoice(next);
        }}
      >
        <option value="system">◐ System</option>
        <option value="light">☀ Light</option>
        <option value="dark">☾ Dark</option>
      </select>
    </label>
  );
}
