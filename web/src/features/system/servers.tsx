/** PostgreSQL and Redis: room left, and what stands in the way. */
import { Card } from "@/components/ui/card";
import { Meter } from "@/components/ui/meter";
import type { SystemStatus } from "@/lib/api/types";
import { age, bytes, count } from "@/lib/format";

export function Servers({ of: { postgres, redis } }: { of: SystemStatus["fleet"] }) {
  return (
    <Card title="Storage">
      <div className="grid">
        <div>
          <div className="line">
            <span>PostgreSQL {postgres.version}</span>
            <span className="num soft">
              {count(postgres.connections)} of {count(postgres.connections_max)} connections,{" "}
              {bytes(postgres.size_bytes)} of {bytes(postgres.budget_bytes)}
            </span>
          </div>
          <Meter part={postgres.connections / postgres.connections_max} label="Connections used" />
          <Meter part={postgres.size_bytes / postgres.budget_bytes} label="Disk budget used" />
          <p className="small dim meter-note">Longest open transaction {age(postgres.oldest_transaction_seconds)}</p>
        </div>
        {redis ? (
          <div>
            <div className="line">
              <span>Redis {redis.version}</span>
              <span className="num soft">
                {bytes(redis.used_bytes)} {redis.limit_bytes ? `of ${bytes(redis.limit_bytes)}` : "used, no limit"}
              </span>
            </div>
            {redis.limit_bytes > 0 && <Meter part={redis.used_bytes / redis.limit_bytes} label="Memory used" />}
          </div>
        ) : (
          <p className="notice notice-warn">Redis does not answer: prices and queues wait, nothing is lost.</p>
        )}
      </div>
    </Card>
  );
}
