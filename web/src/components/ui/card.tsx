/** Cards and the figures on them. */
import type { ReactNode } from "react";
import { Explained } from "./tooltip";

interface CardProps {
  title?: ReactNode;
  end?: ReactNode;
  fill?: boolean;
  bare?: boolean;
  className?: string;
  children: ReactNode;
}

export function Card({ title, end, fill, bare, className = "", children }: CardProps) {
  return (
    <section className={`card ${fill ? "card-fill" : ""} ${className}`}>
      {(title || end) && (
        <header className="card-head">
          {title && <h2>{title}</h2>}
          {end && <div className="end">{end}</div>}
        </header>
      )}
      {bare ? children : <div className="card-body">{children}</div>}
    </section>
  );
}

interface StatProps {
  label: string;
  value: ReactNode;
  note?: ReactNode;
  tone?: "up" | "down" | "" | undefined;
  explain?: ReactNode;
}

export function Stat({ label, value, note, tone = "", explain }: StatProps) {
  return (
    <div className="stat">
      <div className="stat-label">{explain ? <Explained term={label}>{explain}</Explained> : label}</div>
      <div className={`stat-value num ${tone}`}>{value}</div>
      {note !== undefined && <div className="stat-note num">{note}</div>}
    </div>
  );
}

/** The colour of a figure that is shown with two decimals: what is rounded to nothing has none. */
export const tone = (value: string | number | null | undefined): "up" | "down" | "" =>
  value === null || value === undefined || Math.abs(Number(value)) < 0.005 ? "" : Number(value) > 0 ? "up" : "down";
