import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { stream } from "@/lib/stream/source";
import { forget, opened, Source } from "./event-source";

const handlers = { trade: vi.fn(), other: vi.fn(), reset: vi.fn(), resumed: vi.fn() };
let end = () => {};

beforeEach(() => {
  forget();
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Source);
  end = stream.start(handlers);
  opened.at(-1)?.onopen?.();
});

afterEach(() => {
  end();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a stream that only beats is alive", () => {
  for (let beat = 0; beat < 20; beat++) {
    vi.advanceTimersByTime(15_000);
    opened.at(-1)?.say("beat", { type: "beat", action: "beat" });
  }
  expect(stream.link).toBe("live");
  expect(opened).toHaveLength(1);
  expect(handlers.other).not.toHaveBeenCalled();
});

test("a stream without a word is lost since its last one, and asked for again after that, until it answers", () => {
  opened.at(-1)?.say("signal", { type: "signal" }, "e:a1.7");
  const heardAt = Date.now();
  vi.advanceTimersByTime(39_000);
  expect(stream.link).toBe("live");
  vi.advanceTimersByTime(6000);
  expect(stream.link).toBe("lost");
  expect(stream.lostAt).toBe(heardAt);
  expect(opened.map(({ readyState }) => readyState)).toEqual([Source.CLOSED, 0]);
  expect(opened.at(-1)?.url).toContain("last_event_id=e%3Aa1.7");
  vi.advanceTimersByTime(45_000);
  expect(opened).toHaveLength(3);
  opened.at(-1)?.onopen?.();
  expect(stream.link).toBe("live");
  expect(handlers.resumed).toHaveBeenCalledTimes(1);
});
