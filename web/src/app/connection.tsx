/** The state of the event stream, small in the bar, and a banner when it is lost. */
import { Button } from "@/components/ui/button";
import { duration } from "@/lib/format";
import { type Link, stream, useLink } from "@/lib/stream/source";
import { useNow } from "@/lib/use-now";

const WORDS: Record<Link, string> = {
  connecting: "Connecting",
  live: "Live",
  lost: "Reconnecting",
  refused: "Not connected",
};

export function Connection() {
  const link = useLink();
  return (
    <span className={`link link-${link}`} role="status" title={`Event stream: ${WORDS[link]}`}>
      <i />
      <span>{WORDS[link]}</span>
    </span>
  );
}

const SHOWN_AFTER_MS = 1500;

export function LostBanner() {
  const link = useLink();
  if (link !== "lost" && link !== "refused") return null;
  return <Lost />;
}

function Lost() {
  const now = useNow();
  const since = stream.lostAt ?? now;
  if (now - since < SHOWN_AFTER_MS) return null;
  return (
    <div className="lost" role="alert">
      <span>
        No connection for {duration((now - since) / 1000)}. Figures stand still; what happens meanwhile is caught up.
      </span>
      <Button small onClick={() => stream.retry()}>
        Try now
      </Button>
    </div>
  );
}
