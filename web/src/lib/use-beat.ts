/** A number that grows every so often, for what has to be looked at again by itself. */
import { useEffect, useState } from "react";

/** Stands still while `milliseconds` is null, and leaves a beat out where `isHeld` says so. */
export function useBeat(milliseconds: number | null, isHeld: () => boolean): number {
  const [beat, setBeat] = useState(0);
  useEffect(() => {
    if (milliseconds === null) return;
    const timer = setInterval(() => !isHeld() && setBeat((before) => before + 1), milliseconds);
    return () => clearInterval(timer);
  }, [milliseconds, isHeld]);
  return beat;
}
