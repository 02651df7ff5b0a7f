/** The application: cache, tooltips, routes. */
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "react-router";
import { Toasts } from "@/components/ui/toasts";
import { TooltipProvider } from "@/components/ui/tooltip";
import { queryClient } from "@/lib/queries/client";
import { router } from "./router";

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <TooltipProvider>
        <RouterProvider router={router} />
        <Toasts />
      </TooltipProvider>
    </QueryClientProvider>
  );
}
