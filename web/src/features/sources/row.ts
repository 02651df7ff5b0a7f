/** A source beside others: what it is, and what trading it came to. */
import type { Group } from "@/lib/queries/performance";
import type { CardLine, Source } from "@/lib/queries/signals";

/** A source that says signals, or a name that only trades bear ("dashboard"): that one has no intervals. */
export interface Row {
  name: string;
  source: Source | undefined;
  line: CardLine | undefined;
  group: Group | CardLine | undefined;
}

export const FEW = 30;

export function rowsOf(
  sources: readonly Source[],
  cards: readonly CardLine[],
  groups: readonly Group[] | undefined,
): Row[] {
  const lines = new Map(cards.map((line) => [line.key, line]));
  const known = sources.map((source): Row => {
    const line = lines.get(source.name);
    return { name: source.name, source, line, group: line };
  });
  const named = new Set(known.map((row) => row.name));
  const others = (groups ?? [])
    .filter((group) => !named.has(group.key))
    .map((group): Row => ({ name: group.key, source: undefined, line: lines.get(group.key), group }));
  return [...known, ...others];
}

export interface Scale {
  expectancy: readonly [number, number];
}

/** The scale that all expectancies are drawn on: every interval inside, zero in it. */
export function scaleOf(lines: readonly (CardLine | undefined)[]): Scale {
  const ends = lines.flatMap((line) => {
    const interval = line?.expectancy_interval;
    return interval ? [Number(interval.low), Number(interval.high)] : [];
  });
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  return { expectancy: low === high ? [-1, 1] : [low, high] };
}
