/** State that lives in the address: what is absent there has its default. */
import { useCallback } from "react";
import { useSearchParams } from "react-router";

export function useSearch<K extends string>(
  defaults: Record<K, string>,
): [Record<K, string>, (changes: Partial<Record<K, string>>) => void] {
  const [parameters, setParameters] = useSearchParams();
  const values = { ...defaults };
  for (const key of Object.keys(defaults) as K[]) values[key] = parameters.get(key) ?? defaults[key];
  const change = useCallback(
    (changes: Partial<Record<K, string>>) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [key, value] of Object.entries(changes) as [K, string][]) {
            if (!value || value === defaults[key]) after.delete(key);
            else after.set(key, value);
          }
          return after;
        },
        { replace: true, preventScrollReset: true },
      ),
    [setParameters, defaults],
  );
  return [values, change];
}
