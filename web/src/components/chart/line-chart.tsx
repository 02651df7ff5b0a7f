/** A curve over time, filled towards its base: equity, or drawdown below zero. */
import { AreaSeries, type AutoscaleInfo } from "lightweight-charts";
import { useEffect, useRef } from "react";
import { amounts, makeChart, percents } from "./base";
import { hung } from "./scale";
import { faded, palette, useThemeName } from "./theme";
import { inOrder } from "./time";
import type { Point, Tone } from "./types";

interface Props {
  points: readonly Point[];
  tone?: Tone;
  height?: number;
  /** Fill from above: for curves in percent that hang from zero. */
  hanging?: boolean;
  label: string;
}

export default function LineChart({ points, tone = "accent", height = 260, hanging, label }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const theme = useThemeName();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme needs a new chart
  useEffect(() => {
    if (!place.current) return;
    const colours = palette();
    const chart = makeChart(place.current);
    const [strong, weak] = [faded(colours[tone], 0.28), faded(colours[tone], 0.02)];
    const series = chart.addSeries(AreaSeries, {
      lineColor: colours[tone],
      lineWidth: 2,
      topColor: hanging ? weak : strong,
      bottomColor: hanging ? strong : weak,
      invertFilledArea: hanging ?? false,
      priceLineVisible: false,
      priceFormat: hanging ? percents : amounts,
      ...(hanging && { autoscaleInfoProvider: (original: () => AutoscaleInfo | null) => hung(original()) }),
    });
    if (hanging) series.priceScale().applyOptions({ scaleMargins: { top: 0, bottom: 0.1 } });
    series.setData(inOrder(points));
    chart.timeScale().fitContent();
    return () => chart.remove();
  }, [points, tone, hanging, theme]);
  return <div ref={place} className="chart" style={{ height }} role="img" aria-label={label} />;
}
