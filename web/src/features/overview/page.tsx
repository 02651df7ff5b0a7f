/** The account at a glance: equity, today, what is open, what just happened, and the fleet in one line. */
import { EquityCard } from "./equity-card";
import { Figures } from "./figures";
import { FleetLine } from "./fleet-line";
import { JustHappened } from "./just-happened";
import { Movers } from "./movers";

export function OverviewPage() {
  return (
    <div className="page">
      <header className="page-head">
        <h1>Overview</h1>
        <FleetLine />
      </header>
      <Figures />
      <EquityCard />
      <div className="grid cols-wide">
        <Movers />
        <JustHappened />
      </div>
    </div>
  );
}
