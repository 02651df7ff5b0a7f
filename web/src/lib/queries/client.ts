/** The cache of what the API has said. Events keep it true, so nothing is asked for again without a reason. */
import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "../api/client";

export const queryClient = new QueryClient({
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
