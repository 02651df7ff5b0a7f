/** One signal, whole: what it said, and what each account made of it. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Fragment } from "react";
import { Link } from "react-router";
import { PairName, Side, Time } from "@/components/trade/labels";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Answer } from "@/components/ui/states";
import { complain, toast } from "@/components/ui/toasts";
import { api, result } from "@/lib/api/client";
import { percent, price, sentence, words } from "@/lib/format";
import { accounts } from "@/lib/queries/market";
import { type Signal, signal } from "@/lib/queries/signals";
import { useTicks } from "@/lib/use-ticks";
import { exits, SignalStatus, target } from "./columns";

export function SignalSheet({ id, onClose }: { id: number; onClose: () => void }) {
  const asked = useQuery(signal(id));
  return (
    <Dialog
      title={`Signal No. ${id}`}
      onClose={onClose}
      foot={asked.data && isActionable(asked.data) && <Actions of={asked.data} />}
    >
      <Answer of={asked}>{(found) => <Whole of={found} />}</Answer>
    </Dialog>
  );
}

type Fact = [string, React.ReactNode];

function side(of: Signal): React.ReactNode {
  if (of.action === "EXIT") return exits(of);
  return of.direction ? <Side direction={of.direction} leverage={of.leverage ?? 1} /> : "–";
}

const plan = (of: Signal, tick: string | undefined): Fact[] => [
  ["Entry", of.entry_type === "LIMIT" ? price(of.entry_price, tick) : "at the market"],
  ["Stop", of.stop_loss ? price(of.stop_loss, tick) : percent(of.stop_loss_percent)],
  ["Targets", of.take_profits.map((level) => target(level, tick)).join(", ") || "–"],
];

/** The trades that an account opened or ended. */
const madeOf = ({ trade_id, numbers }: Signal["decisions"][number]) =>
  trade_id ? [String(trade_id)] : (numbers.trade_ids?.split(" ") ?? []);

function Whole({ of }: { of: Signal }) {
  const own = useQuery(accounts).data;
  const tick = useTicks()(of);
  const name = (id: number) => own?.find((account) => account.id === id)?.name ?? `Account ${id}`;
  const facts: Fact[] = [
    [
      "Pair",
      of.symbol ? <PairName key="pair" symbol={of.symbol} market={of.market_type ?? "SPOT"} /> : "not understood",
    ],
    ["Side", side(of)],
    ["Became", <SignalStatus key="status" status={of.status} />],
    ["Source", of.source],
    ["Strategy", `${of.strategy || "–"} ${of.timeframe}`],
    ...(of.action === "EXIT" ? [] : plan(of, tick)),
    ["Arose", <Time key="arose" at={of.signal_time} />],
    ["Good until", <Time key="until" at={of.expires_at} />],
  ];
  return (
    <div className="grid">
      <dl className="facts">
        {facts.map(([term, value]) => (
          <Fragment key={term}>
            <dt>{term}</dt>
            <dd className="num">{value}</dd>
          </Fragment>
        ))}
      </dl>
      {of.reason && <p className="notice notice-warn">{sentence(of.reason)}</p>}
      {of.notes && <p className="soft">{of.notes}</p>}
      {of.decisions.map((decision) => (
        <div key={decision.account_id} className={`notice ${decision.reason ? "notice-warn" : "notice-good"}`}>
          {name(decision.account_id)}: {words(decision.outcome).toLowerCase()}
          {madeOf(decision).map((id) => (
            <Fragment key={id}>
              , <Link to={`/trades/${id}`}>trade No. {id}</Link>
            </Fragment>
          ))}
          {decision.reason && `. ${sentence(decision.reason)}`}
        </div>
      ))}
      {of.payload && (
        <details>
          <summary className="soft small">As it was received</summary>
          <pre className="payload">{of.payload}</pre>
        </details>
      )}
    </div>
  );
}

const isTraded = (of: Signal) => of.decisions.some((decision) => decision.trade_id);

const isTradable = (of: Signal) => of.action === "ENTRY" && of.symbol !== null && !isTraded(of);

const isActionable = (of: Signal) => of.status === "ACTIVE" || isTradable(of);

function Actions({ of }: { of: Signal }) {
  const cache = useQueryClient();
  const act = async (call: Promise<unknown>, said: string) => {
    try {
      await call;
      toast(said, "good");
      void cache.invalidateQueries({ queryKey: ["signals"] });
    } catch (error) {
      complain(error);
    }
  };
  const path = { params: { path: { signal_id: of.id } } };
  return (
    <>
      {of.status === "ACTIVE" && (
        <Button onClick={() => act(result(api.POST("/api/signals/{signal_id}/cancel", path)), "Signal cancelled")}>
          Cancel signal
        </Button>
      )}
      {isTradable(of) && (
        <Button
          kind="primary"
          onClick={() =>
            act(
              result(api.POST("/api/paper-trades/create_from_signal", { body: { signal_id: of.id } })),
              "Traded by hand",
            )
          }
        >
          Trade it by hand
        </Button>
      )}
    </>
  );
}
