/** How much waits in each queue. */
import { Card } from "@/components/ui/card";
import type { SystemStatus } from "@/lib/api/types";
import { age, count, DASH, words } from "@/lib/format";

export function QueueDepths({ of }: { of: SystemStatus["fleet"] }) {
  const queues = of.queues ?? [];
  return (
    <Card title="Queues" bare>
      {queues.length ? (
        <div className="scroll-x">
          <table className="simple">
            <thead>
              <tr>
                <th>Queue</th>
                <th>Waiting</th>
                <th>Delayed</th>
                <th>In hand</th>
                <th>Oldest</th>
                <th>Dead</th>
              </tr>
            </thead>
            <tbody>
              {queues.map((queue) => (
                <tr key={queue.queue}>
                  <td>{words(queue.queue)}</td>
                  <td className="num">{count(queue.waiting)}</td>
                  <td className="num dim">{count(queue.delayed)}</td>
                  <td className="num">{count(Math.max(0, queue.unsettled - queue.waiting))}</td>
                  <td className="num">{queue.oldest_seconds === null ? DASH : age(queue.oldest_seconds)}</td>
                  <td className={`num ${queue.dead ? "down strong" : "dim"}`}>{count(queue.dead)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <p className="card-note warn">Redis does not answer: nothing is known of the queues.</p>
      )}
    </Card>
  );
}
