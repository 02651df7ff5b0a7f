/** Tells everybody, on every page, that an operator has stopped something. */
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "react-router";
import { system } from "@/lib/queries/market";

export function HaltBanner() {
  const halts = useQuery({ ...system, select: ({ fleet }) => fleet.halts }).data;
  const { pathname } = useLocation();
  const [halt] = halts ?? [];
  if (!halt || pathname === "/system") return null;
  return (
    <div className="lost" role="status">
      <span>
        {halt.what === "fleet" ? "The fleet is paused" : "No new trades are made"}: {halt.reason}
      </span>
      <Link to="/system">System</Link>
    </div>
  );
}
