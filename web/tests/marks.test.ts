import { describe, expect, it } from "vitest";
import { gathered } from "@/components/chart/marks";
import type { Bar, Mark } from "@/components/chart/types";

const bar = (open_time: string): Bar => ({ open_time, open: "1", high: "1", low: "1", close: "1", volume: "1" });
const BARS = [bar("2026-07-01T12:00:00Z"), bar("2026-07-01T12:15:00Z")];
const mark = (at: string, changes: Partial<Mark> = {}): Mark => ({
  at,
  text: "Long",
  tone: "accent",
  below: true,
  ...changes,
});

describe("marks", () => {
  it("stand at the bar that they fall into, and tell their number where several do", () => {
    const marks = [mark("2026-07-01T12:29:59Z"), mark("2026-07-01T12:01:00Z"), mark("2026-07-01T12:15:00Z")];
    const at = gathered(marks, BARS).map(({ at, text }) => [at, text]);
    expect(at).toEqual([
      ["2026-07-01T12:00:00Z", "Long"],
      ["2026-07-01T12:15:00Z", "2 trades"],
    ]);
  });

  it("keep sides apart, and colours where they differ", () => {
    const marks = [
      mark("2026-07-01T12:01:00Z", { below: false, tone: "up", text: "+1" }),
      mark("2026-07-01T12:02:00Z", { below: false, tone: "down", text: "-1" }),
      mark("2026-07-01T12:03:00Z"),
    ];
    expect(gathered(marks, BARS).map(({ text, tone }) => [text, tone])).toEqual([
      ["2 trades", "accent"],
      ["Long", "accent"],
    ]);
  });

  it("before the first bar are not shown", () => {
    expect(gathered([mark("2026-07-01T11:59:59Z")], BARS)).toEqual([]);
  });
});
