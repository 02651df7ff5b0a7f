/** What all charts share: looks, scales, and the size of their place. */
import { createChart, type IChartApi } from "lightweight-charts";
import { money, percent } from "@/lib/format";
import { palette } from "./theme";
import { tickText, timeText } from "./time";

/** Money and percent along the price scale, as everywhere else on the screen. */
export const amounts = { type: "custom", minMove: 0.01, formatter: (value: number) => money(value) } as const;
export const percents = { type: "custom", minMove: 0.01, formatter: (value: number) => percent(value) } as const;

export function makeChart(place: HTMLElement): IChartApi {
  const colours = palette();
  return createChart(place, {
    autoSize: true,
    layout: {
      background: { color: colours.panel },
      textColor: colours.text,
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 11,
      attributionLogo: false, // the footer of the navigation names the library: its logo would need a style in the page
    },
    grid: { vertLines: { color: colours.line }, horzLines: { color: colours.line } },
    rightPriceScale: { borderColor: colours.line, entireTextOnly: true },
    timeScale: {
      borderColor: colours.line,
      timeVisible: true,
      tickMarkFormatter: tickText,
    },
    localization: { timeFormatter: timeText },
    crosshair: {
      vertLine: { color: colours.text, labelBackgroundColor: "#4b5868" },
      horzLine: { color: colours.text, labelBackgroundColor: "#4b5868" },
    },
  });
}
