/** Scheduled work: when each job last began; what the scanner looked at. */
import { Time } from "@/components/trade/labels";
import { Card } from "@/components/ui/card";
import type { SystemStatus } from "@/lib/api/types";
import { age, count, words } from "@/lib/format";

export function Jobs({ of }: { of: SystemStatus["jobs"] }) {
  return (
    <Card title="Scheduled work" bare>
      <div className="scroll-x">
        <table className="simple simple-dense">
          <thead>
            <tr>
              <th>Job</th>
              <th>Last slot</th>
              <th>Ago</th>
            </tr>
          </thead>
          <tbody>
            {of.map((job) => (
              <tr key={job.job}>
                <td>{words(job.job)}</td>
                <td>
                  <Time at={job.slot} />
                </td>
                <td className="num">{age(job.age_seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

interface ScansProps {
  of: SystemStatus["scans"];
  disabled: SystemStatus["disabled_strategies"];
}

export function Scans({ of, disabled }: ScansProps) {
  if (!of.length && !disabled.length) return null;
  return (
    <Card title="Scanner" bare>
      <div className="scroll-x">
        <table className="simple">
          <thead>
            <tr>
              <th>Market</th>
              <th className="left">Timeframes</th>
              <th>Candles to</th>
              <th>Batches</th>
              <th>Signals</th>
              <th>Took</th>
            </tr>
          </thead>
          <tbody>
            {of.map((scan) => (
              <tr key={scan.market_type}>
                <td>{scan.market_type === "FUTURES" ? "Perpetual" : "Spot"}</td>
                <td className="left soft">{scan.timeframes.join(", ")}</td>
                <td>
                  <Time at={scan.closed_to} />
                </td>
                <td className="num">
                  {count(scan.done)} of {count(scan.batches)}
                </td>
                <td className="num">{count(scan.signals)}</td>
                <td className="num">{age(scan.seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {disabled.map((each) => (
        <p key={each.strategy} className="card-note warn">
          {each.strategy} is switched off since <Time at={each.disabled_at} />: {each.reason}
        </p>
      ))}
    </Card>
  );
}
