/** What became of what a source said, in the last 90 days. */
import { useQuery } from "@tanstack/react-query";
import { Time } from "@/components/trade/labels";
import { Card } from "@/components/ui/card";
import { Answer } from "@/components/ui/states";
import { count, percent, words } from "@/lib/format";
import { sourceStatistics } from "@/lib/queries/signals";

const NAMES: Record<string, string> = { EXECUTED: "Traded", accepted: "Taken" };

export function Counts({ id }: { id: number }) {
  const asked = useQuery(sourceStatistics(id));
  return (
    <Card title="Its signals, 90 days" bare>
      <Answer of={asked} rows={4}>
        {(found) => (
          <>
            <Share of={found.signals} none="It has said nothing yet." />
            {Object.keys(found.refused_for).length > 0 && <Reasons title="Refused for" of={found.refused_for} />}
            {Object.keys(found.declined_for).length > 0 && (
              <Reasons title="Not traded by own accounts for" of={found.declined_for} />
            )}
            <p className="card-note dim small">
              <span>
                {found.followers === 1 ? "One account follows" : `${count(found.followers)} accounts follow`}
                {found.last_signal_at && (
                  <>
                    , last signal <Time at={found.last_signal_at} />
                  </>
                )}
              </span>
            </p>
          </>
        )}
      </Answer>
    </Card>
  );
}

function Share({ of, none }: { of: Record<string, number>; none: string }) {
  const entries = Object.entries(of).filter(([, number]) => number > 0);
  const all = entries.reduce((sum, [, number]) => sum + number, 0);
  if (!all) return <p className="card-note dim">{none}</p>;
  return (
    <table className="simple">
      <tbody>
        {entries.map(([key, number]) => (
          <tr key={key}>
            <td>{NAMES[key] ?? words(key)}</td>
            <td className="num">{count(number)}</td>
            <td className="num dim">{percent((100 * number) / all, 0)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Reasons({ title, of }: { title: string; of: Record<string, number> }) {
  return (
    <div className="card-note small">
      <span className="dim">{title} </span>
      {Object.entries(of)
        .sort(([, a], [, b]) => b - a)
        .map(([code, number]) => (
          <span key={code} className="badge">
            {words(code)} {count(number)}
          </span>
        ))}
    </div>
  );
}
