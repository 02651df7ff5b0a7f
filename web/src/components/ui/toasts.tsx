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
/** The open dialogs, the topmost last: nothing outside of it is seen well, reached, or read aloud. */
let dialogs: readonly string[] = [];
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

function put(next: readonly Toast[]): void {
  toasts = next;
  tell();
}

/** From now on toasts stand in this dialog, until the returned function is called. */
export function toastsWithin(dialog: string): () => void {
  dialogs = [...dialogs, dialog];
  tell();
  return () => {
    dialogs = dialogs.filter((each) => each !== dialog);
    tell();
  };
}

const NONE: readonly Toast[] = [];

const dismiss = (id: number) => put(toasts.filter((toast) => toast.id !== id));

export function toast(text: string, kind: Toast["kind"] = "plain", action?: Toast["action"]): void {
  const id = ++number;
  put([...toasts, { id, text, kind, action }].slice(-MOST));
  setTimeout(() => dismiss(id), action ? WITH_ACTION_MS : SHOWN_MS);
}

/** The toast of a refusal. */
export const complain = (error: unknown) => toast(error instanceof Error ? error.message : String(error), "bad");

/** Their place on the page, or in a dialog. It is there before its toasts: only then are they read aloud. */
export function Toasts({ dialog }: { dialog?: string }) {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => (dialogs.at(-1) === dialog ? toasts : NONE),
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
