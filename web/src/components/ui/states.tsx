/** What a place shows that has nothing, nothing yet, or no answer. */
import type { ReactNode } from "react";
import { Link } from "react-router";
import { ApiError } from "@/lib/api/client";
import { sentence } from "@/lib/format";
import { Button } from "./button";
import { Icon, type IconName } from "./icons";

export function Empty({ icon = "empty", title, children }: { icon?: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <Icon name={icon} size={28} />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
    </div>
  );
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const answer = error instanceof ApiError ? error : null;
  if (answer?.status === 404) {
    return (
      <Empty icon="search" title="Not there, or not yours">
        {sentence(answer.message)}. <Link to="/">To the overview</Link>
      </Empty>
    );
  }
  return (
    <div className="state" role="alert">
      <Icon name="warning" size={28} />
      <h2>{answer ? "The server refused" : "No answer from the server"}</h2>
      <p>{answer ? sentence(answer.message) : "It is away, or this device is not connected."}</p>
      {retry && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}

interface Unanswered {
  data: unknown;
  errorUpdateCount: number;
  isFetching: boolean;
  refetch: () => unknown;
}

/** Whether it has failed and there is nothing to show, also while it is asked again. */
export const isUnanswered = (query: Unanswered) => query.data === undefined && query.errorUpdateCount > 0;

/** The same in a line, for what is a line itself or may be missing. */
export function FailureLine({ what, of }: { what: string; of: Unanswered }) {
  return (
    <span className="failure-line" role="alert">
      <Icon name="warning" size={13} />
      <span>No answer about {what}</span>
      <Button small busy={of.isFetching} onClick={() => of.refetch()}>
        Try again
      </Button>
    </span>
  );
}

const WIDTHS = [72, 48, 64, 56, 80, 52, 68, 44];

export function Loading({ rows = 6 }: { rows?: number }) {
  return (
    <div className="card-body grid" role="status" aria-label="Loading">
      {WIDTHS.slice(0, rows).map((width) => (
        <div key={width} className="skeleton" style={{ height: 14, width: `${width}%` }} />
      ))}
    </div>
  );
}

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** Several questions as one, with what is made of their answers once all are there. */
export function together<T>(parts: readonly (Asked<unknown> & { isError: boolean })[], data: T | undefined): Asked<T> {
  return {
    data: parts.every((part) => part.data !== undefined) ? data : undefined,
    error: parts.find((part) => part.isError)?.error,
    refetch: () => parts.map((part) => part.isError && part.refetch()),
  };
}

/** The answer of a query, or the state it is in. */
export function Answer<T>({ of, rows, children }: { of: Asked<T>; rows?: number; children: (data: T) => ReactNode }) {
  if (of.data !== undefined) return children(of.data);
  if (of.error) return <Failure error={of.error} retry={() => of.refetch()} />;
  return <Loading {...(rows ? { rows } : {})} />;
}
