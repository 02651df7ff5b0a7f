/** One source, whole: its scorecard, what became of what it said, how it is taken, and its webhook. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link, useParams } from "react-router";
import { CurvesChart } from "@/components/chart";
import type { Curve } from "@/components/chart/types";
import { Card } from "@/components/ui/card";
import { Answer, Empty, isUnanswered } from "@/components/ui/states";
import { type Scorecard, type Source, scorecard, source } from "@/lib/queries/signals";
import { useSearch } from "@/lib/use-search";
import { CardFigures } from "./card-figures";
import { Counts } from "./counts";
import { Following } from "./following";
import { Groups } from "./groups";
import { SettingsForm } from "./settings-form";
import { SourceWebhook } from "./source-webhook";

const DEFAULTS = { by: "symbol" };

export function SourcePage() {
  const id = Number(useParams().id);
  const asked = useQuery(source(id));
  return (
    <div className="page">
      <Answer of={asked}>{(found) => <Whole of={found} />}</Answer>
    </div>
  );
}

function Whole({ of }: { of: Source }) {
  const [search, change] = useSearch(DEFAULTS);
  const by = search.by as "symbol" | "strategy" | "direction" | "timeframe";
  const card = useQuery(scorecard(of.id, by));
  return (
    <>
      <header className="page-head">
        <h1>{of.name}</h1>
        <span className="badge">{of.is_own ? "Own" : "Followed"}</span>
        {of.is_public && <span className="badge badge-accent">Public</span>}
        {!of.auto_trade && <span className="badge badge-warn">Does not trade by itself</span>}
        <div className="end small">
          <Link to={`/signals?source=${of.id}`}>Its signals</Link>
          <Link to={`/history?source=${encodeURIComponent(of.name)}`}>Its trades</Link>
          <Link to={`/performance?days=all&source=${encodeURIComponent(of.name)}`}>All figures</Link>
        </div>
      </header>
      {card.data ? (
        <CardFigures of={card.data} />
      ) : (
        <Card bare>
          <Answer of={card} rows={3}>
            {() => null}
          </Answer>
        </Card>
      )}
      <div className="grid cols-wide">
        <div className="grid start">
          {!isUnanswered(card) && (
            <>
              <ResultsCurve of={card.data} name={of.name} />
              <Groups of={card.data} by={by} onBy={(value) => change({ by: value })} />
            </>
          )}
        </div>
        <div className="grid start">
          <Counts id={of.id} />
          <Following of={of} />
          {of.is_own && <SettingsForm of={of} key={of.id} />}
          {of.is_own && <SourceWebhook of={of} />}
        </div>
      </div>
    </>
  );
}

function ResultsCurve({ of, name }: { of: Scorecard | undefined; name: string }) {
  const curves = useMemo(
    (): Curve[] => [
      {
        name: "Closed results, added up",
        tone: "accent",
        points: (of?.equity ?? []).map(({ at, profit_loss }) => ({ at, value: Number(profit_loss) })),
      },
    ],
    [of],
  );
  return (
    <Card title="Results, one after the other" bare>
      {of && !of.equity.length ? (
        <Empty icon="performance" title="None of its trades has closed yet" />
      ) : (
        <CurvesChart curves={curves} height={260} label={`Results of ${name}, added up`} />
      )}
    </Card>
  );
}
