/** Marks on a chart, one at most above and one below a bar: many at one place tell how many they are. */
import type { Bar, Mark } from "./types";

/** The marks at the bars they fall into, in order; those that share a bar and a side become one. */
export function gathered(marks: readonly Mark[], bars: readonly Bar[]): Mark[] {
  const opens = bars.map((bar) => bar.open_time);
  const groups = new Map<string, Mark[]>();
  for (const mark of marks) {
    const bar = opens.findLast((open) => Date.parse(open) <= Date.parse(mark.at));
    if (bar === undefined) continue;
    const key = `${bar} ${mark.below}`;
    groups.set(key, [...(groups.get(key) ?? []), { ...mark, at: bar }]);
  }
  return [...groups.values()].map(together).sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

function together(marks: Mark[]): Mark {
  const [first] = marks as [Mark];
  if (marks.length === 1) return first;
  const tone = marks.every((mark) => mark.tone === first.tone) ? first.tone : "accent";
  return { ...first, tone, text: `${marks.length} trades` };
}
