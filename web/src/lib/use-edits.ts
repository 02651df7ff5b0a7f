/** A form over what is kept: a field that nobody has changed follows that, and only changed ones are to be sent. */
import { useState } from "react";

export function useEdits<T extends object>(kept: T) {
  const [edits, setEdits] = useState<Partial<T>>({});
  const draft: T = { ...kept, ...edits };
  return {
    draft,
    isChanged: Object.keys(changed(kept, draft)).length > 0,
    edit: (changes: Partial<T>) => setEdits((known) => ({ ...known, ...changes })),
    /** What was edited is kept by now. */
    settle: () => setEdits({}),
  };
}

/** The fields of `after` that are not as they were before. */
export function changed<T extends object>(before: T, after: T): Partial<T> {
  const known = before as Record<string, unknown>;
  const isOther = ([field, value]: [string, unknown]) => JSON.stringify(value) !== JSON.stringify(known[field]);
  return Object.fromEntries(Object.entries(after).filter(isOther)) as Partial<T>;
}
