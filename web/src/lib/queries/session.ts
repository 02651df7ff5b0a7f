/** Who the reader is, and whether that has to be said first. */
import { queryOptions } from "@tanstack/react-query";
import { api, result, setCsrfToken } from "../api/client";

export const session = queryOptions({
  queryKey: ["session"],
  staleTime: 5 * 60_000,
  retry: 10, // nothing can be shown before this is known
  queryFn: async ({ signal }) => {
    const found = await result(api.GET("/api/session", { signal }));
    setCsrfToken(found.csrf_token);
    return found;
  },
});
