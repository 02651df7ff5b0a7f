import { describe, expect, it } from "vitest";
import { hung } from "@/components/chart/scale";

const of = (minValue: number, maxValue: number) => hung({ priceRange: { minValue, maxValue } })?.priceRange;

describe("the scale of a curve that hangs from zero", () => {
  it("ends at zero, whatever the curve alone would ask for", () => {
    expect(of(-3.2, -0.4)).toEqual({ minValue: -3.2, maxValue: 0 });
    expect(of(-0.05, 0.05)?.maxValue).toBe(0);
  });

  it("tells a tenth of a percent at least: a curve that never fell has a scale too", () => {
    expect(of(0, 0)).toEqual({ minValue: -0.1, maxValue: 0 });
  });

  it("is none without a curve", () => {
    expect(hung(null)).toBeNull();
  });
});
