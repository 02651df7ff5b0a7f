/** What is stopped, by whom and why; and, for operators, stopping it and letting it go on. */
import { useState } from "react";
import { Time } from "@/components/trade/labels";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { TextField } from "@/components/ui/fields";
import type { Schemas } from "@/lib/api/client";
import { type Halted, resume, stop } from "@/lib/queries/operations";

type Halt = Schemas["Halt"];

const act = acting("system", "operations");

const NAMES: Record<Halted, string> = { fleet: "The fleet is paused", new_trades: "No new trades are made" };
const MEANING: Record<Halted, string> = {
  fleet: "Nothing is fetched, judged or made. Afterwards every pair is judged from where it was: no price is missed.",
  new_trades: "Live trades are followed to their end; none is made, by nobody.",
};

export function Halts({ of, isAdmin }: { of: readonly Halt[]; isAdmin: boolean }) {
  return of.map((halt) => (
    <div key={halt.what} className="notice notice-warn line" role="alert">
      <span>
        <b>{NAMES[halt.what]}</b>: {halt.reason}{" "}
        <span className="soft">
          ({halt.by_whom}, <Time at={halt.since} />)
        </span>
      </span>
      {isAdmin && (
        <Button small kind="primary" onClick={() => act(() => resume(halt.what), "It goes on")}>
          Resume
        </Button>
      )}
    </div>
  ));
}

export function StopButtons({ halts }: { halts: readonly Halt[] }) {
  const [asked, ask] = useState<Halted | null>(null);
  const [reason, setReason] = useState("");
  const isStopped = (what: Halted) => halts.some((halt) => halt.what === what);
  const close = () => {
    ask(null);
    setReason("");
  };
  return (
    <>
      {!isStopped("new_trades") && (
        <Button small onClick={() => ask("new_trades")}>
          No new trades
        </Button>
      )}
      {!isStopped("fleet") && (
        <Button small kind="danger" onClick={() => ask("fleet")}>
          Pause the fleet
        </Button>
      )}
      {asked && (
        <Confirm
          title={asked === "fleet" ? "Pause the fleet?" : "Stop new trades?"}
          action={asked === "fleet" ? "Pause it" : "Stop them"}
          danger
          disabled={!reason.trim()}
          onClose={close}
          onConfirm={async () => {
            await stop(asked, reason);
            await act(async () => {}, asked === "fleet" ? "The fleet is paused" : "New trades are stopped");
          }}
        >
          <div className="grid">
            <p>{MEANING[asked]}</p>
            <TextField
              label="Reason"
              hint="For those who ask later"
              value={reason}
              onChange={setReason}
              maxLength={400}
              autoFocus
            />
          </div>
        </Confirm>
      )}
    </>
  );
}
