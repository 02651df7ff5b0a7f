/** Who the reader is, and whether that has to be said first. */
import { queryOptions } from "@tanstack/react-query";
import { api, result, type Schemas, setCsrfToken } from "../api/client";
import { queryClient } from "./client";

type Session = Schemas["SessionView"];

export const session = queryOptions({
  queryKey: ["session"],
  staleTime: 5 * 60_000,
  retry: 10, // nothing can be shown before this is known
  queryFn: async ({ signal }) => admitted(await result(api.GET("/api/session", { signal }))),
});

/** The reader is this one from now on. What was read for another is forgotten. */
export function admitted(found: Session): Session {
  const known = queryClient.getQueryData(session.queryKey);
  setCsrfToken(found.csrf_token);
  if (known && known.user_id !== found.user_id) {
    queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== session.queryKey[0] });
  }
  return found;
}
