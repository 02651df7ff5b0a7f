/** Whether any account of this reader is live. Red everywhere then, green otherwise. */
import { useQuery } from "@tanstack/react-query";
import { accounts } from "@/lib/queries/market";

export type Mode = "paper" | "live";

export function useMode(): Mode {
  const { data } = useQuery(accounts);
  return data?.some((account) => (account as { mode?: string }).mode === "live") ? "live" : "paper";
}
