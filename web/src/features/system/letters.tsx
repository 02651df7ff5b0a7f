/** What failed for good or must not run, and what an operator does with it. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Time } from "@/components/trade/labels";
import { acting } from "@/components/ui/act";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Confirm } from "@/components/ui/confirm";
import { Answer } from "@/components/ui/states";
import { count } from "@/lib/format";
import {
  believePrice,
  dropLetter,
  dropPrice,
  forgetMessages,
  type Queues,
  queues,
  retryLetter,
} from "@/lib/queries/operations";

const act = acting("system", "operations");
const SHOWN = 50;

export function Letters() {
  const asked = useQuery(queues);
  return (
    <Card title="Dead letters and quarantine" bare>
      <Answer of={asked} rows={2}>
        {(found) => <Whole of={found} />}
      </Answer>
    </Card>
  );
}

function Whole({ of }: { of: Queues }) {
  const [forgetting, forget] = useState(false);
  const nothing = !of.dead_letters.length && !of.quarantined_messages.length && !of.quarantined_prices.length;
  if (nothing) return <p className="card-note dim">None: everything that was asked for has been done.</p>;
  return (
    <>
      <ul className="rows">
        {of.dead_letters.slice(0, SHOWN).map((letter) => (
          <Line key={letter.id} at={letter.died_at} what={letter.actor} why={letter.error}>
            <Button small onClick={() => act(() => retryLetter(letter.id), "On its way again")}>
              Retry
            </Button>
            <Button small kind="quiet" onClick={() => act(() => dropLetter(letter.id), "Forgotten")}>
              Drop
            </Button>
          </Line>
        ))}
        {of.quarantined_prices.slice(0, SHOWN).map((key) => (
          <Line key={key} what={nameOf(key)} why="A jump that waits to be repeated by the exchange">
            <Button small onClick={() => act(() => believePrice(key), "Believed")}>
              Believe
            </Button>
            <Button small kind="quiet" onClick={() => act(() => dropPrice(key), "Forgotten")}>
              Drop
            </Button>
          </Line>
        ))}
        {of.quarantined_messages.slice(0, SHOWN).map((message) => (
          <Line key={message.id} at={message.at} what={message.queue} why={message.reason} />
        ))}
      </ul>
      {of.dead_letters.length > SHOWN && <p className="card-note dim">{count(of.dead_letters.length)} in all</p>}
      {of.quarantined_messages.length > 0 && (
        <div className="card-note">
          <Button small kind="danger" onClick={() => forget(true)}>
            Forget {count(of.quarantined_messages.length)} quarantined messages
          </Button>
        </div>
      )}
      {forgetting && (
        <Confirm
          title="Forget the quarantined messages?"
          action="Forget them"
          danger
          onClose={() => forget(false)}
          onConfirm={async () => {
            await forgetMessages();
            await act(async () => {}, "Forgotten");
          }}
        >
          They are never run again. What they asked for is asked again by the next cycle.
        </Confirm>
      )}
    </>
  );
}

function Line({ at, what, why, children }: { at?: string; what: string; why: string; children?: ReactNode }) {
  return (
    <li>
      {at && (
        <span className="dim small">
          <Time at={at} />
        </span>
      )}
      <span className="strong nowrap">{what}</span>
      <span className="soft small truncate" title={why}>
        {why}
      </span>
      <span className="orders">{children}</span>
    </li>
  );
}

/** "FUTURES:BTCUSDT:1790000000" for a person. */
function nameOf(key: string): string {
  const [market, symbol, minute] = key.split(":");
  const time = new Date(Number(minute) * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return `${symbol} ${market === "FUTURES" ? "perpetual" : "spot"}, ${time}`;
}
