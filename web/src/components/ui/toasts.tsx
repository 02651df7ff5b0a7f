/** Short notes at the corner, with an undo where there is one. */
import { useSyncExternalStore } from "react";
import { Button } from "./button";

interface Toast {
  id: number;
  text: string;
  kind: "plain" | "good" | "bad";
  action?: { label: string; run: () => void } | undefined;
}

const SHOWN_MS = 6000;
const WITH_ACTION_MS = 12_000;
const MOST = 4;

let toasts: readonly Toast[] = [];
let number = 0;
const listeners = new Set<() => void>();

function put(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

const dismiss = (id: number) => put(toasts.filter((toast) => toast.id !== id));

export function toast(text: string, kind: Toast["kind"] = "plain", action?: Toast["action"]): void {
  const id = ++number;
  put([...toasts, { id, text, kind, action }].slice(-MOST));
  setTimeout(() => dismiss(id), action ? WITH_ACTION_MS : SHOWN_MS);
}

/** The toast of a refusal. */
export const complain = (error: unknown) => toast(error instanceof Error ? error.message : String(error), "bad");

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, kind, action }) => (
        <div key={id} className={`toast toast-${kind}`}>
          <div>{text}</div>
          {action && (
            <Button
              small
              onClick={() => {
                dismiss(id);
                action.run();
              }}
            >
              {action.label}
            </Button>
          )}
          <Button small kind="quiet" icon="close" aria-label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  );
}
