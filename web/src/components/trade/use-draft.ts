/** What a form holds until it is sent: the draft, whether it is on its way, and what was refused. */
import { useState } from "react";
import { refusedField } from "./commands";

export type Refusal = ReturnType<typeof refusedField>;

export function useDraft<T extends object>(initial: T) {
  const [draft, setDraft] = useState<T>(initial);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>(null);
  return {
    draft,
    busy,
    refusal,
    set: (changes: Partial<T>) => {
      setRefusal(null);
      setDraft((known) => ({ ...known, ...changes }));
    },
    /** Stays busy once it is done: the form closes then. */
    send: async (call: () => Promise<unknown>) => {
      setBusy(true);
      try {
        await call();
      } catch (error) {
        setRefusal(refusedField(error));
        setBusy(false);
      }
    },
  };
}

/** The words of a refusal at the field it names. */
export const errorsOf =
  (refusal: Refusal) =>
  (...fields: string[]): string | undefined =>
    refusal && fields.includes(refusal.field) ? refusal.words : undefined;
