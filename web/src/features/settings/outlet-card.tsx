/** One outlet: how it is doing, and what can be done with it. */
import { type ReactNode, useState } from "react";
import { Time } from "@/components/trade/labels";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Menu, type MenuItem } from "@/components/ui/menu";
import { complain, toast } from "@/components/ui/toasts";
import { count } from "@/lib/format";
import { Deliveries } from "./deliveries";
import type { Calls, Outlet } from "./outlets";
import { inWords } from "./rules-editor";

interface Props {
  of: Outlet;
  calls: Calls;
  name: string;
  /** What only this kind has: badges after the state, and orders in the menu. */
  badges?: ReactNode;
  orders?: readonly MenuItem[];
  onEdit: () => void;
}

export function OutletCard({ of, calls, name, badges, orders = [], onEdit }: Props) {
  const [asked, ask] = useState<"deliveries" | "remove" | null>(null);
  const [busy, setBusy] = useState(false);
  const act = acting(calls.key);
  const close = () => ask(null);
  const test = async () => {
    setBusy(true);
    try {
      const trial = await calls.test(of.id);
      const told = trial.delivered
        ? `Delivered in ${count(trial.milliseconds)} ms`
        : `Not delivered: ${trial.error || trial.status_code}`;
      toast(told, trial.delivered ? "good" : "bad");
    } catch (error) {
      complain(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <li className="outlet">
      <div className="outlet-what">
        <div className="outlet-name">
          <span className="strong truncate" title={name}>
            {name}
          </span>
          <State of={of} />
          {badges}
        </div>
        <p className="dim small">
          {of.description && <span className="soft">{of.description}. </span>}
          {inWords(of.rules)}
          {of.quiet_hours &&
            `; quiet ${of.quiet_hours.start.slice(0, 5)} to ${of.quiet_hours.end.slice(0, 5)} ${of.quiet_hours.time_zone}`}
        </p>
        {of.retry_at && (
          <p className="small warn">
            {count(of.failures)} failures in a row; tried again <Time at={of.retry_at} />
          </p>
        )}
        {!of.enabled && of.disabled_reason && <p className="small warn">{of.disabled_reason}</p>}
      </div>
      <div className="outlet-counts num small">
        <span>
          <b>{count(of.delivered_total)}</b> delivered
        </span>
        <span>
          <b>{count(of.waiting)}</b> waiting
        </span>
        <span className={of.dead ? "down" : ""}>
          <b>{count(of.dead)}</b> dead
        </span>
      </div>
      <div className="outlet-orders">
        <Button small busy={busy} onClick={test}>
          Test
        </Button>
        <Button small onClick={() => ask("deliveries")}>
          Deliveries
        </Button>
        <Menu
          items={[
            { label: "Change", run: onEdit },
            ...orders,
            of.enabled
              ? { label: "Switch off", run: () => void act(() => calls.edit(of.id, { enabled: false }), "Off") }
              : { label: "Switch on", run: () => void act(() => calls.edit(of.id, { enabled: true }), "On") },
            "line",
            { label: "Delete", danger: true, run: () => ask("remove") },
          ]}
        >
          <Button small kind="quiet" icon="more" aria-label={`More for ${name}`} />
        </Menu>
      </div>
      {asked === "deliveries" && <Deliveries of={of} calls={calls} onClose={close} />}
      {asked === "remove" && (
        <Confirm
          title={`Delete ${name}?`}
          action="Delete"
          danger
          onClose={close}
          onConfirm={async () => {
            await calls.remove(of.id);
            await act(async () => {}, "Deleted");
          }}
        >
          With everything that waits for it. Accounts that are live by it go back to paper.
        </Confirm>
      )}
    </li>
  );
}

function State({ of }: { of: Outlet }) {
  if (!of.enabled) return <span className="badge badge-down">Off</span>;
  if (of.failures) return <span className="badge badge-warn">Failing</span>;
  return <span className="badge badge-up">Working</span>;
}
