/** Candles with horizontal levels and marks on them. */
import {
  type AutoscaleInfo,
  CandlestickSeries,
  createSeriesMarkers,
  HistogramSeries,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineStyle,
  type SeriesMarker,
  type Time,
} from "lightweight-charts";
import { useEffect, useRef } from "react";
import { price } from "@/lib/format";
import { makeChart } from "./base";
import { gathered } from "./marks";
import { faded, palette, useThemeName } from "./theme";
import { timeOf } from "./time";
import type { Bar, Level, Mark } from "./types";

interface Props {
  bars: readonly Bar[];
  tick: string;
  levels?: readonly Level[];
  marks?: readonly Mark[];
  height?: number;
  label: string;
}

interface Drawn {
  chart: IChartApi;
  candles: ISeriesApi<"Candlestick">;
  volume: ISeriesApi<"Histogram">;
  marks: ISeriesMarkersPluginApi<Time>;
  lines: IPriceLine[];
  /** Prices that the scale shows as well. */
  held: { low: number; high: number } | null;
  first: string | null;
}

/** Room beside the last candle for half of the words on a mark there. */
const MARK_ROOM = 40;

/** The scale of the candles, with the levels in it: a stop that is out of sight says nothing. */
function widened(own: AutoscaleInfo | null, held: Drawn["held"] | undefined): AutoscaleInfo | null {
  if (!own?.priceRange || !held) return own;
  const { minValue, maxValue } = own.priceRange;
  return { ...own, priceRange: { minValue: Math.min(minValue, held.low), maxValue: Math.max(maxValue, held.high) } };
}

export default function CandleChart({ bars, tick, levels = [], marks = [], height = 380, label }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);
  const theme = useThemeName();

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme needs a new chart
  useEffect(() => {
    if (!place.current) return;
    const colours = palette();
    const chart = makeChart(place.current);
    chart.timeScale().applyOptions({ rightOffsetPixels: MARK_ROOM });
    const candles = chart.addSeries(CandlestickSeries, {
      upColor: colours.up,
      downColor: colours.down,
      borderVisible: false,
      wickUpColor: colours.up,
      wickDownColor: colours.down,
      priceFormat: { type: "custom", minMove: Number(tick) || 0.01, formatter: (value: number) => price(value, tick) },
      autoscaleInfoProvider: (original: () => AutoscaleInfo | null) => widened(original(), drawn.current?.held),
    });
    const volume = chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.85, bottom: 0 } });
    drawn.current = {
      chart,
      candles,
      volume,
      marks: createSeriesMarkers(candles, []),
      lines: [],
      held: null,
      first: null,
    };
    return () => {
      drawn.current = null;
      chart.remove();
    };
  }, [theme, tick]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new chart is empty
  useEffect(() => {
    const now = drawn.current;
    if (!now) return;
    const colours = palette();
    now.candles.setData(
      bars.map((bar) => ({
        time: timeOf(bar.open_time),
        open: Number(bar.open),
        high: Number(bar.high),
        low: Number(bar.low),
        close: Number(bar.close),
      })),
    );
    now.volume.setData(
      bars.map((bar) => ({
        time: timeOf(bar.open_time),
        value: Number(bar.volume),
        color: faded(Number(bar.close) >= Number(bar.open) ? colours.up : colours.down, 0.3),
      })),
    );
    const first = bars[0]?.open_time ?? null;
    if (first !== now.first) now.chart.timeScale().fitContent();
    now.first = first;
  }, [bars, theme, tick]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new chart has no levels
  useEffect(() => {
    const now = drawn.current;
    if (!now) return;
    const colours = palette();
    for (const line of now.lines) now.candles.removePriceLine(line);
    now.lines = levels.map((level) =>
      now.candles.createPriceLine({
        price: Number(level.price),
        color: colours[level.tone],
        title: level.title,
        lineWidth: 1,
        lineStyle: level.dashed ? LineStyle.Dashed : LineStyle.Solid,
        axisLabelVisible: true,
      }),
    );
    const near = levels.filter((level) => !level.far).map((level) => Number(level.price));
    now.held = near.length ? { low: Math.min(...near), high: Math.max(...near) } : null;
  }, [levels, theme, tick]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new chart has no marks
  useEffect(() => {
    const now = drawn.current;
    if (!now) return;
    const colours = palette();
    now.marks.setMarkers(
      gathered(marks, bars).map(
        (mark): SeriesMarker<Time> => ({
          time: timeOf(mark.at),
          position: mark.below ? "belowBar" : "aboveBar",
          shape: mark.below ? "arrowUp" : "arrowDown",
          color: colours[mark.tone],
          text: mark.text,
        }),
      ),
    );
  }, [marks, bars, theme, tick]);

  return <div ref={place} className="chart" style={{ height }} role="img" aria-label={label} />;
}
