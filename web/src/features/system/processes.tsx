/** Who is alive: processes that have beaten lately. */
import { Card } from "@/components/ui/card";
import { Empty } from "@/components/ui/states";
import type { SystemStatus } from "@/lib/api/types";
import { count, duration, words } from "@/lib/format";
import { useNow } from "@/lib/use-now";

type Fleet = SystemStatus["fleet"];

export function Processes({ of, isAdmin }: { of: Fleet; isAdmin: boolean }) {
  const now = useNow();
  const alive = of.processes ?? [];
  return (
    <Card title="Processes" bare end={alive.length > 0 && <span className="dim num">{count(alive.length)} alive</span>}>
      {alive.length ? (
        <div className="scroll-x">
          <table className="simple">
            <thead>
              <tr>
                <th>Kind</th>
                <th className="left">Host</th>
                <th>Process</th>
                <th>Up for</th>
                <th className="left">Queues</th>
              </tr>
            </thead>
            <tbody>
              {alive.map((each) => (
                <tr key={`${each.host}${each.pid}`}>
                  <td>
                    <span className="alive">
                      <i />
                      {words(each.kind)}
                    </span>
                  </td>
                  <td className="left soft">{each.host}</td>
                  <td className="num soft">{each.pid}</td>
                  <td className="num">{duration((now - Date.parse(each.started_at)) / 1000)}</td>
                  <td className="left dim small truncate queues" title={each.queues?.join(", ")}>
                    {each.queues?.join(", ")}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : isAdmin ? (
        <Empty icon="warning" title="No process is heard of">
          Redis is away, or no worker runs.
        </Empty>
      ) : (
        <p className="card-note dim">Which processes run, and where, is told to admins only.</p>
      )}
    </Card>
  );
}
