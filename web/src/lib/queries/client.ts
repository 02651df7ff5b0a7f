/** The cache of what the API has said. Events keep it true, so nothing is asked for again without a reason. */
import { QueryCache, QueryClient } from "@tanstack/react-query";
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
