/** A small order and what is said of it: the answer as a note, a refusal as well, and what has changed read anew. */

import { queryClient } from "@/lib/queries/client";
import { complain, toast } from "./toasts";

export type Act = (call: () => Promise<unknown>, said: string) => Promise<boolean>;

export const acting =
  (...changed: readonly string[]): Act =>
  async (call, said) => {
    try {
      await call();
      if (said) toast(said, "good");
      return true;
    } catch (error) {
      complain(error);
      return false;
    } finally {
      for (const key of changed) void queryClient.invalidateQueries({ queryKey: [key] });
    }
  };
