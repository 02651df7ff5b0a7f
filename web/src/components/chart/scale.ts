/** What a price scale shows, beyond what its curve asks for. */
import type { AutoscaleInfo } from "lightweight-charts";

/** Room above zero for half a label's height; the next one up is further away than that. */
const ABOVE = 10;
const LEAST = -0.1;

/** The scale of a curve in percent that hangs from zero: nothing is above, and a tenth of a percent is told at least. */
export function hung(own: AutoscaleInfo | null): AutoscaleInfo | null {
  if (!own?.priceRange) return own;
  const minValue = Math.min(own.priceRange.minValue, LEAST);
  return { priceRange: { minValue, maxValue: 0 }, margins: { above: ABOVE, below: 0 } };
}
