/** Lets in whoever needs no login or has one, each to a page of their own; everybody else sees the login. */
import { useQuery } from "@tanstack/react-query";
import { Fragment, type ReactNode } from "react";
import { Failure } from "@/components/ui/states";
import { LoginPage } from "@/features/session/login-page";
import { session } from "@/lib/queries/session";

export function Gate({ children }: { children: ReactNode }) {
  const asked = useQuery(session);
  if (asked.data?.user_id === null) return <LoginPage />;
  if (asked.data) return <Fragment key={asked.data.user_id}>{children}</Fragment>;
  if (asked.error) return <Failure error={asked.error} retry={() => void asked.refetch()} />;
  return null;
}
