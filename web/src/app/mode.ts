/** Whether any account of this reader is live. Red everywhere then, green where none is, grey until that is told. */
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { accounts } from "@/lib/queries/market";

export type Mode = "paper" | "live" | "unknown";

const ICONS: Record<Mode, string> = {
  paper: "/favicon.svg",
  live: "/favicon-live.svg",
  unknown: "/favicon-unknown.svg",
};

export function useMode(): Mode {
  const { data } = useQuery(accounts);
  if (!data) return "unknown";
  return data.some((account) => account.mode === "live") ? "live" : "paper";
}

/** Carry the mode to what lies outside of the page's own tree: dialogs and the tab of the browser. */
export function useModeEverywhere(mode: Mode, pageName: string | undefined): void {
  useEffect(() => {
    document.documentElement.dataset.mode = mode;
    const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
    if (icon) icon.href = ICONS[mode];
  }, [mode]);
  useEffect(() => {
    const name = pageName ? `${pageName} · paperfleet` : "paperfleet";
    document.title = mode === "live" ? `LIVE · ${name}` : name;
  }, [mode, pageName]);
}
