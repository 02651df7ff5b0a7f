/** The cache of what the API has said. Events keep it true, so nothing is asked for again without a reason. */
import { type Query, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "../api/client";

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      // The login has ended meanwhile: who the reader is has to be asked again, and the login is shown.
      const isOver = error instanceof ApiError && error.status === 401 && query.queryKey[0] !== "session";
      if (isOver) void queryClient.invalidateQueries({ queryKey: ["session"] });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 60_000,
      gcTime: 10 * 60_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => failures < 3 && !(error instanceof ApiError && error.status < 500),
      retryDelay: (failure) => Math.min(500 * 2 ** failure, 8000),
    },
  },
});

/**
 * Outdated while they were read for the first time. The library has nothing to cancel then, and would take the answer,
 * which may be of before, for fresh.
 */
const overtaken = new WeakSet<Query>();

queryClient.getQueryCache().subscribe((event) => {
  if (event.type !== "updated") return;
  const { query, action } = event;
  const isFirstRead = query.state.fetchStatus !== "idle" && query.state.data === undefined;
  if (action.type === "invalidate" && isFirstRead) overtaken.add(query);
  if (action.type === "success" && overtaken.delete(query)) {
    void queryClient.invalidateQueries({ queryKey: query.queryKey, exact: true });
  }
});
