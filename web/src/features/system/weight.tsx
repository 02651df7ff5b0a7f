/** The shared budget of request weight, by market. */
import { Card } from "@/components/ui/card";
import { Meter } from "@/components/ui/meter";
import type { SystemStatus } from "@/lib/api/types";
import { age, count, words } from "@/lib/format";

export function Weight({ of }: { of: SystemStatus["weight"] }) {
  return (
    <Card title="Request weight of the last minute">
      <div className="grid">
        {Object.entries(of).map(([market, use]) => (
          <div key={market}>
            <div className="line">
              <span>{market === "FUTURES" ? "Perpetual" : "Spot"}</span>
              <span className="num soft">
                {count(use.used)} of {count(use.limit)}
              </span>
            </div>
            <Meter part={use.used / use.limit} label={`Weight used, ${market.toLowerCase()}`} />
            <p className="small dim meter-note">
              {Object.entries(use.by_purpose)
                .sort(([, a], [, b]) => b - a)
                .map(([purpose, weight]) => `${words(purpose).toLowerCase()} ${count(weight)}`)
                .join(", ") || "Nothing asked in the last minute"}
              {use.others ? `; others at this address ${count(use.others)}` : ""}
            </p>
            {use.paused_seconds > 0 && (
              <p className="notice notice-warn">
                Paused for {age(use.paused_seconds)}: {use.reason}
              </p>
            )}
          </div>
        ))}
      </div>
    </Card>
  );
}
