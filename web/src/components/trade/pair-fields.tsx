/** Which pair, and which way: the fields that begin every order and every signal. */
import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { Segmented, TextField } from "@/components/ui/fields";
import { FailureLine, isUnanswered } from "@/components/ui/states";
import type { Direction, Market } from "@/lib/api/types";
import { price } from "@/lib/format";
import { instruments } from "@/lib/queries/market";
import { useQuote } from "@/lib/stream/prices";
import { useFollowed } from "@/lib/stream/source";

export interface Way {
  market: Market;
  symbol: string;
  direction: Direction;
}

/** The instrument that is meant, null while there is none of that name, and its live quote. */
export function usePair({ market, symbol }: Pick<Way, "market" | "symbol">) {
  const asked = useQuery(instruments);
  const pairs = asked.data ?? [];
  const pair = pairs.find((each) => each.market_type === market && each.symbol === symbol) ?? null;
  const name = pair ? `${market}:${symbol}` : "";
  useFollowed(name ? [name] : []);
  return { asked, pairs, pair, quote: useQuote(name || null) };
}

interface Props {
  way: Way;
  of: ReturnType<typeof usePair>;
  set: (changes: Partial<Way>) => void;
  error: string | undefined;
}

export function PairFields({ way, of: { asked, pairs, pair, quote }, set, error }: Props) {
  const list = useId();
  return (
    <>
      <Segmented
        label="Market"
        value={way.market}
        onChange={(market) => set({ market })}
        options={[
          { value: "FUTURES", text: "Perpetual" },
          { value: "SPOT", text: "Spot" },
        ]}
      />
      <Segmented
        label="Direction"
        className="sides"
        value={way.direction}
        onChange={(direction) => set({ direction })}
        options={[
          { value: "LONG", text: "Long", tone: "up" },
          { value: "SHORT", text: "Short", tone: "down" },
        ]}
      />
      <TextField
        label="Pair"
        list={list}
        autoComplete="off"
        autoFocus
        placeholder="BTCUSDT"
        value={way.symbol}
        onChange={(symbol) => set({ symbol: symbol.toUpperCase().trim() })}
        hint={
          isUnanswered(asked) ? (
            <FailureLine what="the pairs" of={asked} />
          ) : (
            quote && pair && `Last ${price(quote.last, pair.tick_size)}`
          )
        }
        error={way.symbol && pairs.length && !pair ? "No such pair on this market" : error}
      />
      <datalist id={list}>
        {pairs
          .filter((each) => each.market_type === way.market && each.status === "TRADING")
          .map((each) => (
            <option key={each.instrument_id} value={each.symbol} />
          ))}
      </datalist>
    </>
  );
}
