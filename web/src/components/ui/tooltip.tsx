/** A word on what one points at; opens on focus too. */
import * as Radix from "@radix-ui/react-tooltip";
import type { ReactNode } from "react";

export const TooltipProvider = ({ children }: { children: ReactNode }) => (
  <Radix.Provider delayDuration={250} skipDelayDuration={200}>
    {children}
  </Radix.Provider>
);

export function Tooltip({ say, children }: { say: ReactNode; children: ReactNode }) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="tooltip" sideOffset={5} collisionPadding={8}>
          {say}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A term with its definition on hover or focus. */
export function Explained({ term, children }: { term: ReactNode; children: ReactNode }) {
  return (
    <Tooltip say={children}>
      <button type="button" className="explained">
        {term}
      </button>
    </Tooltip>
  );
}
