/** The actions on a live trade: close, close a part, cancel, move stop and targets. */
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/confirm";
import { Segmented } from "@/components/ui/fields";
import { Menu } from "@/components/ui/menu";
import type { Trade } from "@/lib/api/types";
import { figure } from "@/lib/format";
import { onceKey } from "@/lib/once";
import { cancelTrade, closeTrade } from "./commands";
import { EditPlan } from "./edit-plan";
import { PairName, Side } from "./labels";
import { LivePrice, LiveProfit } from "./live";

type Asked = "close" | "part" | "cancel" | "edit" | null;

export function TradeActions({ trade, buttons }: { trade: Trade; buttons?: boolean }) {
  const [asked, ask] = useState<Asked>(null);
  const done = () => ask(null);
  const isOpen = trade.status === "OPEN";
  return (
    <>
      {buttons ? (
        <>
          <Button small onClick={() => ask("edit")}>
            Move stop and targets
          </Button>
          {isOpen && (
            <Button small onClick={() => ask("part")}>
              Close a part
            </Button>
          )}
          <Button small kind="danger" onClick={() => ask(isOpen ? "close" : "cancel")}>
            {isOpen ? "Close" : "Cancel order"}
          </Button>
        </>
      ) : (
        <Menu
          items={[
            { label: "Move stop and targets", run: () => ask("edit") },
            ...(isOpen ? [{ label: "Close a part", run: () => ask("part") }] : []),
            "line",
            isOpen
              ? { label: "Close", danger: true, run: () => ask("close") }
              : { label: "Cancel order", danger: true, run: () => ask("cancel") },
          ]}
        >
          <Button small kind="quiet" icon="more" aria-label={`Actions on ${trade.symbol}, trade ${trade.id}`} />
        </Menu>
      )}
      {asked === "close" && (
        <Confirm title="Close this trade?" action="Close now" danger onConfirm={() => closeTrade(trade)} onClose={done}>
          <Summary trade={trade} />
        </Confirm>
      )}
      {asked === "cancel" && (
        <Confirm
          title="Cancel this order?"
          action="Cancel order"
          danger
          onConfirm={() => cancelTrade(trade)}
          onClose={done}
        >
          <Summary trade={trade} />
        </Confirm>
      )}
      {asked === "part" && <ClosePart trade={trade} onClose={done} />}
      {asked === "edit" && <EditPlan trade={trade} onClose={done} />}
    </>
  );
}

function Summary({ trade }: { trade: Trade }) {
  return (
    <dl className="facts">
      <dt>
        <PairName symbol={trade.symbol} market={trade.market_type} />
      </dt>
      <dd>
        <Side direction={trade.direction} leverage={trade.leverage} />
      </dd>
      <dt>Quantity</dt>
      <dd className="num">
        {figure(trade.remaining_quantity, 8)} {trade.symbol_detail.base_asset}
      </dd>
      <dt>Price now</dt>
      <dd>
        <LivePrice trade={trade} />
      </dd>
      {trade.status === "OPEN" && (
        <>
          <dt>Result at this price</dt>
          <dd>
            <LiveProfit trade={trade} />
          </dd>
        </>
      )}
    </dl>
  );
}

const PARTS = ["0.25", "0.5", "0.75"] as const;

function ClosePart({ trade, onClose }: { trade: Trade; onClose: () => void }) {
  const [part, setPart] = useState<(typeof PARTS)[number]>("0.5");
  const [once] = useState(onceKey);
  return (
    <Confirm
      title="Close a part"
      action={`Close ${Number(part) * 100} %`}
      danger
      onConfirm={() => closeTrade(trade, part, `${once} ${part}`)}
      onClose={onClose}
    >
      <div className="grid">
        <Segmented
          label="Share of what remains"
          value={part}
          onChange={setPart}
          options={PARTS.map((value) => ({ value, text: `${Number(value) * 100} %` }))}
        />
        <Summary trade={trade} />
      </div>
    </Confirm>
  );
}
