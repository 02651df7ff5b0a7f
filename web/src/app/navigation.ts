/** The pages as navigation shows them, and the key that leads there after "g". */
import type { IconName } from "@/components/ui/icons";

export interface Place {
  to: string;
  name: string;
  icon: IconName;
  key: string;
  /** In the bar at the bottom of a phone; the others are behind "More". */
  first?: boolean;
}

export const PLACES: readonly Place[] = [
  { to: "/", name: "Overview", icon: "overview", key: "o", first: true },
  { to: "/open", name: "Open trades", icon: "open", key: "t", first: true },
  { to: "/history", name: "History", icon: "history", key: "h", first: true },
  { to: "/performance", name: "Performance", icon: "performance", key: "p" },
  { to: "/signals", name: "Signals", icon: "signals", key: "s" },
  { to: "/sources", name: "Sources", icon: "sources", key: "c" },
  { to: "/market", name: "Market", icon: "market", key: "m", first: true },
  { to: "/settings", name: "Settings", icon: "settings", key: "e" },
  { to: "/system", name: "System", icon: "system", key: "y" },
];
