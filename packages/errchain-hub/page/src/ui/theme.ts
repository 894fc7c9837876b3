import { useEffect, useState } from "preact/hooks";

export type ThemeChoice = "system" | "light" | "dark";

const KEY = "errchain-hub-theme";
const changed = new EventTarget();
const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

/** What the reader has chosen. Default: what the system says. */
export function themeChoice(): ThemeChoice {
  const stored = window.localStorage.getItem(KEY);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function chooseTheme(choice: ThemeChoice): void {
  if (choice === "system") {
    window.localStorage.removeItem(KEY);
  } else {
    window.localStorage.setItem(KEY, choice);
  }
  applyTheme();
}

/** Tells the style sheet. */
export function applyTheme(): void {
  const choice = themeChoice();
  if (choice === "system") {
    delete document.documentElement.dataset["theme"];
  } else {
    document.documentElement.dataset["theme"] = choice;
  }
  changed.dispatchEvent(new Event("changed"));
}

/** Whether the page is dark now: for what CSS does not reach. */
export function useTheme(): "light" | "dark" {
  const [theme, setTheme] = useState(currentTheme);
  useEffect(() => {
    const onChange = () => setTheme(currentTheme());
    changed.addEventListener("changed", onChange);
    systemIsDark.addEventListener("change", onChange);
    return () => {
      changed.removeEventListener("changed", onChange);
      systemIsDark.removeEventListener("change", onChange);
    };
  }, []);
  return theme;
}

function currentTheme(): "light" | "dark" {
  const choice = themeChoice();
  return choice === "system" ? (systemIsDark.matches ? "dark" : "light") : choice;
}
