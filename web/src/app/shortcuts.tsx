/** Keys: n for a new trade, / for the search field, g and a letter for a page, ? for this list. */
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { useNavigate } from "react-router";
import { OrderForm } from "@/components/trade/order-form";
import { Dialog } from "@/components/ui/dialog";
import { PLACES } from "./navigation";

const CHORD_MS = 1200;

export function useShortcuts(): { newTrade: () => void; dialogs: ReactNode } {
  const [shown, show] = useState<"order" | "help" | null>(null);
  const navigate = useNavigate();
  const close = useCallback(() => show(null), []);
  useEffect(() => {
    let chordUntil = 0; // by the time of the keys, not of their handling: a busy page must not break a chord
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const place = PLACES.find(({ key }) => key === event.key);
      if (event.timeStamp < chordUntil && place) navigate(place.to);
      else if (event.key === "n") show("order");
      else if (event.key === "?") show("help");
      else if (event.key === "/") document.querySelector<HTMLInputElement>("input[type=search]")?.focus();
      else {
        chordUntil = event.key === "g" ? event.timeStamp + CHORD_MS : 0;
        return;
      }
      chordUntil = 0;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [navigate]);
  return {
    newTrade: useCallback(() => show("order"), []),
    dialogs: (
      <>
        {shown === "order" && <OrderForm onClose={close} />}
        {shown === "help" && <Keys onClose={close} />}
      </>
    ),
  };
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, textarea, select, dialog, [role=menu]") !== null;
}

function Keys({ onClose }: { onClose: () => void }) {
  const keys: [string, string][] = [
    ["n", "New trade"],
    ["/", "Search on this page"],
    ["↓ ↑", "From row to row, Enter opens it"],
    ...PLACES.map(({ key, name }): [string, string] => [`g ${key}`, name]),
    ["Esc", "Close a dialog"],
  ];
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className="facts">
        {keys.map(([key, meaning]) => (
          <div key={key} style={{ display: "contents" }}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
