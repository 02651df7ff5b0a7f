/** A modal dialog on the browser's own element: it traps focus, closes on Escape and hides the rest by itself. */
import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { Button } from "./button";
import { FIRST } from "./fields";
import { Toasts, toastsWithin } from "./toasts";

interface Props {
  title: ReactNode;
  onClose: () => void;
  wide?: boolean;
  foot?: ReactNode;
  children: ReactNode;
}

export function Dialog({ title, onClose, wide, foot, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const isPressed = useRef(false);
  useLayoutEffect(() => toastsWithin(heading), [heading]);
  useLayoutEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    const around = document.activeElement?.closest<HTMLElement>("[role=table], main");
    dialog.showModal();
    dialog.querySelector<HTMLElement>(`[${FIRST}]`)?.focus();
    return () => {
      dialog.close(); // while it is still in the page: only then the focus goes back to where it was
      queueMicrotask(() => document.activeElement === document.body && around?.focus({ preventScroll: true }));
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it as well
    <dialog
      ref={element}
      className={`dialog${wide ? " dialog-wide" : ""}`}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      // A text marked with the mouse may end beside the dialog: only a press that began there is meant for it.
      onPointerDown={(event) => {
        isPressed.current = event.target === element.current;
      }}
      onClick={(event) => isPressed.current && event.target === element.current && onClose()}
    >
      <header className="dialog-head">
        <h1 id={heading}>{title}</h1>
        <Button kind="quiet" icon="close" aria-label="Close" onClick={onClose} />
      </header>
      <div className="dialog-body">{children}</div>
      {foot && <footer className="dialog-foot">{foot}</footer>}
      <Toasts dialog={heading} />
    </dialog>
  );
}
