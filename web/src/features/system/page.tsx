/** How the fleet stands; operators stop it here, let it go on, and look after what has failed. */
import { useQuery } from "@tanstack/react-query";
import { Answer } from "@/components/ui/states";
import type { SystemStatus } from "@/lib/api/types";
import { system } from "@/lib/queries/market";
import { session } from "@/lib/queries/session";
import { Halts, StopButtons } from "./halts";
import { Lags } from "./lags";
import { Letters } from "./letters";
import { Processes } from "./processes";
import { QueueDepths } from "./queue-depths";
import { Servers } from "./servers";
import { Totals } from "./totals";
import { Weight } from "./weight";
import { Jobs, Scans } from "./work";

export function SystemPage() {
  const asked = useQuery(system);
  const isAdmin = useQuery(session).data?.role === "admin";
  return (
    <div className="page">
      <header className="page-head">
        <h1>System</h1>
        {isAdmin && (
          <div className="end">
            <StopButtons halts={asked.data?.fleet.halts ?? []} />
          </div>
        )}
      </header>
      <Answer of={asked}>{(status) => <Whole status={status} isAdmin={isAdmin} />}</Answer>
    </div>
  );
}

function Whole({ status, isAdmin }: { status: SystemStatus; isAdmin: boolean }) {
  return (
    <>
      <Halts of={status.fleet.halts} isAdmin={isAdmin} />
      <Totals of={status} />
      <div className="grid cols-2">
        <div className="grid start">
          <Processes of={status.fleet} isAdmin={isAdmin} />
          <Lags />
          <QueueDepths of={status.fleet} />
          {isAdmin && <Letters />}
        </div>
        <div className="grid start">
          <Weight of={status.weight} />
          <Servers of={status.fleet} />
          <Jobs of={status.jobs} />
          <Scans of={status.scans} disabled={status.disabled_strategies} />
        </div>
      </div>
    </>
  );
}
