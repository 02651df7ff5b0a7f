/** What operators see and do: what is stopped, queues, dead letters, quarantine, lag pair by pair. */
import { queryOptions } from "@tanstack/react-query";
import { api, result, type Schemas } from "../api/client";

export type Halted = Schemas["Halted"];
export type Queues = Schemas["Queues"];

const REFRESH_MS = 5000;
const LAGS_SHOWN = 5;

export const lags = queryOptions({
  queryKey: ["operations", "lag"],
  refetchInterval: 2 * REFRESH_MS,
  queryFn: async ({ signal }) =>
    (await result(api.GET("/api/system/lag", { params: { query: { limit: LAGS_SHOWN } }, signal }))).results,
});

export const queues = queryOptions({
  queryKey: ["operations", "queues"],
  refetchInterval: REFRESH_MS,
  queryFn: ({ signal }) => result(api.GET("/api/system/queues", { signal })),
});

export const stop = (what: Halted, reason: string) =>
  result(api.PUT("/api/system/halts/{what}", { params: { path: { what } }, body: { reason } }));

export const resume = (what: Halted) => result(api.DELETE("/api/system/halts/{what}", { params: { path: { what } } }));

export const retryLetter = (letter: string) =>
  result(api.POST("/api/system/dead-letters/{letter}/retry", { params: { path: { letter } } }));

export const dropLetter = (letter: string) =>
  result(api.DELETE("/api/system/dead-letters/{letter}", { params: { path: { letter } } }));

export const forgetMessages = () => result(api.DELETE("/api/system/quarantined-messages"));

export const believePrice = (key: string) =>
  result(api.POST("/api/system/quarantined-prices/{key}/believe", { params: { path: { key } } }));

export const dropPrice = (key: string) =>
  result(api.DELETE("/api/system/quarantined-prices/{key}", { params: { path: { key } } }));
