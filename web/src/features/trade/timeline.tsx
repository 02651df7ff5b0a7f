/** How stop and targets have moved, and what moved them. */
import { useQuery } from "@tanstack/react-query";
import { Time } from "@/components/trade/labels";
import { Card } from "@/components/ui/card";
import { Answer } from "@/components/ui/states";
import type { Trade } from "@/lib/api/types";
import { price, words } from "@/lib/format";
import { revisions } from "@/lib/queries/trades";

export function Timeline({ trade }: { trade: Trade }) {
  const asked = useQuery(revisions(trade.id));
  const tick = trade.symbol_detail.tick_size;
  return (
    <Card title="What happened" bare>
      <Answer of={asked} rows={3}>
        {(results) => (
          <ul className="rows">
            <Step at={trade.created_at} what={trade.entry_type === "LIMIT" ? "Order placed" : "Trade made"}>
              stop {price(trade.initial_stop_loss, tick)}
            </Step>
            {trade.entry_time && (
              <Step at={trade.entry_time} what="Entered">
                at {price(trade.entry_price, tick)}
              </Step>
            )}
            {results.map((revision, place) => {
              const before = results[place - 1];
              const moved = [
                before?.stop_loss !== revision.stop_loss && `stop ${price(revision.stop_loss, tick)}`,
                JSON.stringify(before?.take_profits) !== JSON.stringify(revision.take_profits) &&
                  `targets ${revision.take_profits.map((target) => price(target.price, tick)).join(", ")}`,
              ].filter(Boolean);
              return (
                <Step
                  key={revision.version}
                  at={revision.at}
                  what={place ? "Plan moved" : "Plan"}
                  why={revision.stop_reason}
                >
                  {moved.join(", ")}
                </Step>
              );
            })}
            {trade.exits.map((exit) => (
              <Step key={exit.part} at={exit.time} what={words(exit.reason)}>
                at {price(exit.price, tick)}
              </Step>
            ))}
            {trade.status === "CANCELLED" && (
              <Step at={trade.updated_at} what={words(trade.exit_reason ?? "cancelled")} />
            )}
            {trade.status === "VOIDED" && (
              <Step at={trade.updated_at} what="Struck out">
                {trade.void_reason}
              </Step>
            )}
          </ul>
        )}
      </Answer>
    </Card>
  );
}

function Step({ at, what, why, children }: { at: string; what: string; why?: string; children?: React.ReactNode }) {
  return (
    <li>
      <span className="dim small" style={{ width: 110, flex: "none" }}>
        <Time at={at} />
      </span>
      <span className="strong">{what}</span>
      <span className="soft num">{children}</span>
      {why && why !== "stop_loss" && <span className="badge">{words(why)}</span>}
    </li>
  );
}
