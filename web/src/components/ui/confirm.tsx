/** A question before something that cannot be taken back. */
import { type ReactNode, useState } from "react";
import { Button } from "./button";
import { Dialog } from "./dialog";

interface Props {
  title: string;
  action: string;
  danger?: boolean;
  disabled?: boolean;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}

export function Confirm({ title, action, danger, disabled, onConfirm, onClose, children }: Props) {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>("");
  const act = async () => {
    setBusy(true);
    setRefusal("");
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>Keep as it is</Button>
          <Button kind={danger ? "danger" : "primary"} busy={busy} disabled={disabled} onClick={act}>
            {action}
          </Button>
        </>
      }
    >
      {children}
      {refusal && (
        <p className="notice notice-bad" role="alert" style={{ marginTop: 12 }}>
          {refusal}
        </p>
      )}
    </Dialog>
  );
}
