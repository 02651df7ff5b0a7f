/** The chart's colours, read from the page's own, so that both themes hold. */
import { useSyncExternalStore } from "react";

export interface Palette {
  text: string;
  line: string;
  panel: string;
  accent: string;
  up: string;
  down: string;
  warn: string;
  alt: string;
}

export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: of("--text-3"),
    line: of("--line"),
    panel: of("--panel"),
    accent: of("--accent"),
    up: of("--up"),
    down: of("--down"),
    warn: of("--warn"),
    alt: of("--alt"),
  };
}

/** The name of the theme in force; charts are drawn again when it changes. */
export function useThemeName(): string {
  return useSyncExternalStore(
    (listener) => {
      const observer = new MutationObserver(listener);
      observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
      return () => observer.disconnect();
    },
    () => document.documentElement.dataset.theme ?? "dark",
  );
}

/** A hex colour with an opacity. */
export function faded(colour: string, opacity: number): string {
  return `${colour}${Math.round(opacity * 255)
    .toString(16)
    .padStart(2, "0")}`;
}
