/** The two ways out, webhooks and notifications: the same calls under two paths. */
import { queryOptions } from "@tanstack/react-query";
import { api, result, type Schemas } from "@/lib/api/client";

export type Webhook = Schemas["WebhookView"];
export type Target = Schemas["api_outlets_TargetView"];
export type Outlet = Webhook | Target;
export type Rule = Schemas["Rule"];
export type EventKind = Schemas["EventKind"];
export type QuietHours = Schemas["QuietHours"];
export type Delivery = Schemas["Delivery"];
export type Trial = Schemas["Trial"];
type Changes = Schemas["OutletChanges"];
type NewOutlet = Schemas["NewOutlet"];
type State = Schemas["DeliveryState"];

const REFRESH_MS = 15_000;

export const webhooks = queryOptions({
  queryKey: ["webhooks"],
  refetchInterval: REFRESH_MS,
  queryFn: async ({ signal }) => (await result(api.GET("/api/webhooks", { signal }))).results,
});

export const targets = queryOptions({
  queryKey: ["notifications"],
  refetchInterval: REFRESH_MS,
  queryFn: async ({ signal }) => (await result(api.GET("/api/notifications", { signal }))).results,
});

/** What can be asked of an outlet; each answer is the API's. */
export interface Calls {
  key: "webhooks" | "notifications";
  create(body: NewOutlet): Promise<string>;
  edit(id: number, body: Changes): Promise<unknown>;
  remove(id: number): Promise<unknown>;
  test(id: number): Promise<Trial>;
  deliveries(id: number, state: State | undefined, signal: AbortSignal): Promise<Delivery[]>;
  replay(id: number, body: Schemas["Replay"]): Promise<unknown>;
  drop(id: number, body: Schemas["Drop"]): Promise<unknown>;
}

const LISTED = 100;
const hook = (webhook_id: number) => ({ path: { webhook_id } });
const target = (target_id: number) => ({ path: { target_id } });
const listed = (state: State | undefined) => ({ query: { limit: LISTED, ...(state ? { state } : {}) } });

export const WEBHOOK_CALLS: Calls = {
  key: "webhooks",
  create: async (body) => (await result(api.POST("/api/webhooks", { body }))).secret ?? "",
  edit: (id, body) => result(api.PATCH("/api/webhooks/{webhook_id}", { params: hook(id), body })),
  remove: (id) => result(api.DELETE("/api/webhooks/{webhook_id}", { params: hook(id) })),
  test: (id) => result(api.POST("/api/webhooks/{webhook_id}/test", { params: hook(id) })),
  deliveries: async (id, state, signal) => {
    const params = { ...hook(id), ...listed(state) };
    return (await result(api.GET("/api/webhooks/{webhook_id}/deliveries", { params, signal }))).results;
  },
  replay: (id, body) => result(api.POST("/api/webhooks/{webhook_id}/replay", { params: hook(id), body })),
  drop: (id, body) => result(api.POST("/api/webhooks/{webhook_id}/drop", { params: hook(id), body })),
};

export const TARGET_CALLS: Calls = {
  key: "notifications",
  create: async (body) => {
    await result(api.POST("/api/notifications", { body }));
    return "";
  },
  edit: (id, body) => result(api.PATCH("/api/notifications/{target_id}", { params: target(id), body })),
  remove: (id) => result(api.DELETE("/api/notifications/{target_id}", { params: target(id) })),
  test: (id) => result(api.POST("/api/notifications/{target_id}/test", { params: target(id) })),
  deliveries: async (id, state, signal) => {
    const params = { ...target(id), ...listed(state) };
    return (await result(api.GET("/api/notifications/{target_id}/deliveries", { params, signal }))).results;
  },
  replay: (id, body) => result(api.POST("/api/notifications/{target_id}/replay", { params: target(id), body })),
  drop: (id, body) => result(api.POST("/api/notifications/{target_id}/drop", { params: target(id), body })),
};

export const verifyWebhook = (id: number) =>
  result(api.POST("/api/webhooks/{webhook_id}/verify", { params: hook(id) }));

export const rotateSecret = async (id: number) =>
  (await result(api.POST("/api/webhooks/{webhook_id}/rotate", { params: hook(id) }))).secret ?? "";
