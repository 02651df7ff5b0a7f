/** Whether the screen is as narrow as a phone's: where styles/shell.css puts the navigation at the bottom. */
import { useSyncExternalStore } from "react";

const narrow = window.matchMedia("(max-width: 720px)");

function subscribe(changed: () => void): () => void {
  narrow.addEventListener("change", changed);
  return () => narrow.removeEventListener("change", changed);
}

export function usePhone(): boolean {
  return useSyncExternalStore(subscribe, () => narrow.matches);
}
