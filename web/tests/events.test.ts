import { QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { queryClient } from "@/lib/queries/client";
import { followEvents } from "@/lib/queries/events";
import { forget, opened, Source } from "./event-source";

const KEY = ["signals", "all"];
let answers: ((value: string) => void)[] = [];
let ends: (() => void)[] = [];

beforeEach(() => {
  forget();
  answers = [];
  vi.stubGlobal("EventSource", Source);
  ends = [followEvents()];
});

afterEach(() => {
  for (const end of ends) end();
  queryClient.clear();
  vi.unstubAllGlobals();
});

/** A screen that shows the list: it asks for it at once. */
async function show() {
  const queryFn = () => new Promise<string>((answer) => answers.push(answer));
  ends.push(new QueryObserver(queryClient, { queryKey: KEY, queryFn }).subscribe(() => {}));
  await asked(1);
}

const join = () => opened.at(-1)?.onopen?.();
const asked = (times: number) => vi.waitFor(() => expect(answers).toHaveLength(times));
const shows = (text: string) => vi.waitFor(() => expect(queryClient.getQueryData(KEY)).toBe(text));

test("what was asked for before the stream was joined, and answered after it, is asked for once more", async () => {
  await show();
  join();
  answers[0]?.("of before");
  await asked(2);
  answers[1]?.("of now");
  await shows("of now");
  expect(queryClient.isFetching()).toBe(0);
});

test("a list that an event has outdated while it was read for the first time is asked for once more", async () => {
  join();
  await show();
  opened.at(-1)?.say("signal", { type: "signal", action: "created" }, "e:a1.8");
  await vi.waitFor(() => expect(queryClient.getQueryState(KEY)?.isInvalidated).toBe(true));
  answers[0]?.("of before");
  await asked(2);
});
