/** What sending a form would come to, asked of the API while one types; the last answer stays until the next. */
import { useQuery } from "@tanstack/react-query";
import { useDebounced } from "./use-debounced";

const DEBOUNCE_MS = 350;

/** `wanted` is null where the form is not complete; `isAsked` tells whether it was, a moment ago. */
export function usePreview<Body, Found>(
  name: string,
  wanted: Body | null,
  ask: (body: Body, signal: AbortSignal) => Promise<Found>,
) {
  const asked = useDebounced(wanted && JSON.stringify(wanted), DEBOUNCE_MS);
  const preview = useQuery<Found>({
    queryKey: [name, asked],
    enabled: asked !== null,
    queryFn: ({ signal }) => ask(JSON.parse(asked ?? "{}") as Body, signal),
    retry: false,
    staleTime: 0,
    gcTime: 0,
    placeholderData: (before) => (asked ? before : undefined),
  });
  return { preview, isAsked: asked !== null };
}
