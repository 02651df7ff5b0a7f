/** A day to filter by. What is typed stands here at once; the address follows when its year is whole. */
import { useEffect, useRef, useState } from "react";

/** A year on its way to 2026 is 2, 20 and 202. */
const EARLIEST = "1970-01-01";
const LATEST = "9999-12-31";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

export function DateFilter({ label, value, onChange }: Props) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  const type = (day: string) => {
    setText(day);
    if (day && day < EARLIEST) return;
    told.current = day;
    onChange(day);
  };
  return (
    <input
      type="date"
      className="input input-small"
      aria-label={label}
      max={LATEST}
      value={text}
      onChange={(event) => type(event.target.value)}
    />
  );
}
