/** How the fleet stands. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Time } from "@/components/trade/labels";
import { Card, Stat } from "@/components/ui/card";
import { Answer } from "@/components/ui/states";
import type { SystemStatus } from "@/lib/api/types";
import { age, count, DASH, percent, words } from "@/lib/format";
import { system } from "@/lib/queries/market";

const LAG_WARN_SECONDS = 180;

export function SystemPage() {
  const asked = useQuery(system);
  return (
    <div className="page">
      <header className="page-head">
        <h1>System</h1>
      </header>
      <Answer of={asked}>{(status) => <Whole status={status} />}</Answer>
    </div>
  );
}

function Whole({ status }: { status: SystemStatus }) {
  const lag = status.lag_seconds;
  return (
    <>
      <div className="stats">
        <Stat label="Pairs followed" value={count(status.pairs)} />
        <Stat
          label="Lag"
          explain="How far the judged price path of the furthest pair lies behind the exchange's present."
          value={age(lag)}
          tone={lag !== null && lag > LAG_WARN_SECONDS ? "down" : ""}
          note={status.lag.map((each) => each.symbol)[0] ?? DASH}
        />
        <Stat
          label="Last cycle"
          explain="How long the last finished cycle over all pairs took, from its slot to its last batch."
          value={age(status.cycle_seconds)}
          note={<Time at={status.cycle_slot} />}
        />
        <Stat
          label="Late batches"
          explain="Batches of the last hour's cycles past their deadline; the next cycle covers them."
          value={count(status.late_batches)}
          tone={status.late_batches ? "down" : ""}
        />
        <Stat label="Open" value={count(status.open_trades)} note={`${count(status.pending_trades)} pending`} />
        <Stat
          label="Held"
          explain="Live trades that wait for finer data before they are judged."
          value={count(status.held_trades)}
        />
      </div>
      <div className="grid cols-2">
        <Weight status={status} />
        <Jobs status={status} />
        <Lags status={status} />
        <Counts status={status} />
      </div>
    </>
  );
}

function Weight({ status }: { status: SystemStatus }) {
  return (
    <Card title="Request weight">
      <div className="grid">
        {Object.entries(status.weight).map(([market, use]) => (
          <div key={market}>
            <Line left={words(market)} right={`${count(use.used)} of ${count(use.limit)} a minute`} />
            <Meter part={use.used / use.limit} label={`${market} weight used`} />
            <p className="small dim">
              {Object.entries(use.by_purpose)
                .map(([purpose, weight]) => `${purpose} ${count(weight)}`)
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

function Jobs({ status }: { status: SystemStatus }) {
  return (
    <Card title="Scheduled work" bare>
      <table className="simple">
        <thead>
          <tr>
            <th>Job</th>
            <th>Last slot</th>
            <th>Ago</th>
          </tr>
        </thead>
        <tbody>
          {status.jobs.map((job) => (
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
    </Card>
  );
}

function Lags({ status }: { status: SystemStatus }) {
  return (
    <Card title="Furthest behind" bare>
      <table className="simple">
        <thead>
          <tr>
            <th>Pair</th>
            <th>Judged to</th>
            <th>Behind</th>
          </tr>
        </thead>
        <tbody>
          {status.lag.map((each) => (
            <tr key={each.market_type}>
              <td>
                {each.symbol} {each.market_type === "FUTURES" ? "perpetual" : "spot"}
              </td>
              <td>
                <Time at={each.judged_to} />
              </td>
              <td className="num">{age(each.seconds)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Counts({ status }: { status: SystemStatus }) {
  const all = Object.values(status.trades).reduce((sum, each) => sum + each, 0);
  return (
    <Card title="Trades of everybody" bare>
      <table className="simple">
        <tbody>
          {Object.entries(status.trades).map(([name, trades]) => (
            <tr key={name}>
              <td>{words(name)}</td>
              <td className="num">{count(trades)}</td>
              <td className="num dim">{percent((100 * trades) / all, 1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

function Line({ left, right }: { left: ReactNode; right: ReactNode }) {
  return (
    <div style={{ display: "flex", justifyContent: "space-between", marginBottom: 4 }}>
      <span>{left}</span>
      <span className="num soft">{right}</span>
    </div>
  );
}

function Meter({ part, label }: { part: number; label: string }) {
  const width = Math.min(100, 100 * part);
  return (
    <div className="meter" role="img" aria-label={`${label}: ${percent(width, 0)}`}>
      <i className={part > 0.9 ? "meter-warn" : ""} style={{ width: `${width}%` }} />
    </div>
  );
}
