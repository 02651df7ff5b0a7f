/** What an order would be if it were given now. */
import { Icon } from "@/components/ui/icons";
import { Explained } from "@/components/ui/tooltip";
import type { Schemas } from "@/lib/api/client";
import { DASH, figure, money, percent, price, ratio, signed } from "@/lib/format";

interface Props {
  trade: Schemas["TradeView"] | undefined;
  asking: boolean;
  refusal: string;
}

export function OrderPreview({ trade, asking, refusal }: Props) {
  const shown = refusal ? undefined : trade;
  return (
    <aside className="order-preview" aria-live="polite" aria-busy={asking}>
      <h2>What it would be</h2>
      <WouldBe trade={shown} />
      {refusal ? (
        <p className="notice notice-bad" role="alert">
          <Icon name="warning" size={13} /> {refusal}
        </p>
      ) : (
        !shown && <p className="small dim">Pair, stop, target and size make it whole.</p>
      )}
    </aside>
  );
}

/** Size, risk and liquidation price of a trade that is not made yet; dashes while it is not known. */
export function WouldBe({ trade }: { trade: Props["trade"] }) {
  const tick = trade?.symbol_detail.tick_size;
  const { risk, reward } = outcome(trade);
  return (
    <dl className="facts">
      <dt>Entry</dt>
      <dd className="num">{price(trade?.entry_price, tick)}</dd>
      <dt>Quantity</dt>
      <dd className="num">{trade ? `${figure(trade.quantity, 8)} ${trade.symbol_detail.base_asset}` : DASH}</dd>
      <dt>Margin</dt>
      <dd className="num">{money(trade?.margin)}</dd>
      <dt>Notional</dt>
      <dd className="num">{trade ? money(Number(trade.entry_price) * Number(trade.quantity)) : DASH}</dd>
      <dt>Entry fee</dt>
      <dd className="num">{money(trade?.entry_fee, 4)}</dd>
      <dt>
        <Explained term="Lost at the stop">
          Move from entry to stop and both taker fees; slippage comes on top.
        </Explained>
      </dt>
      <dd className="num down">{risk === null ? DASH : signed(-risk)}</dd>
      <dt>Won at the targets</dt>
      <dd className="num up">{reward === null ? DASH : signed(reward)}</dd>
      <dt>Reward to risk</dt>
      <dd className="num">{ratio(trade?.risk_reward_ratio)}</dd>
      <dt>
        <Explained term="Liquidation">The mark price at which the margin is gone.</Explained>
      </dt>
      <dd className="num">{price(trade?.liquidation_price, tick)}</dd>
      <dt>To liquidation</dt>
      <dd className="num">{trade?.liquidation_price ? percent(toLiquidation(trade)) : DASH}</dd>
    </dl>
  );
}

/** Profit and loss of the whole quantity at stop and targets, after taker fees, in USDT. */
function outcome(trade: Props["trade"]): { risk: number | null; reward: number | null } {
  if (!trade) return { risk: null, reward: null };
  const [entry, quantity, rate] = [Number(trade.entry_price), Number(trade.quantity), Number(trade.taker_rate)];
  const side = trade.direction === "LONG" ? 1 : -1;
  const at = (exit: number, share: number) => ((exit - entry) * side - (exit + entry) * rate) * quantity * share;
  const reward = trade.take_profits.length
    ? trade.take_profits.reduce((sum, target) => sum + at(Number(target.price), Number(target.fraction)), 0)
    : null;
  return { risk: -at(Number(trade.stop_loss), 1), reward };
}

function toLiquidation(trade: Schemas["TradeView"]): number {
  const entry = Number(trade.entry_price);
  return (100 * Math.abs(Number(trade.liquidation_price) - entry)) / entry;
}
