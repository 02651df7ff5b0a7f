/** Which page lives where. Each comes in a file of its own, when it is first shown. */
import { createBrowserRouter } from "react-router";
import { Gate } from "./gate";
import { PageFailure } from "./page-failure";
import { Shell } from "./shell";

export const router = createBrowserRouter([
  {
    path: "/",
    element: (
      <Gate>
        <Shell />
      </Gate>
    ),
    errorElement: <PageFailure />,
    hydrateFallbackElement: <div className="page" />,
    children: [
      {
        errorElement: <PageFailure />,
        children: [
          { index: true, lazy: async () => ({ Component: (await import("@/features/overview/page")).OverviewPage }) },
          { path: "open", lazy: async () => ({ Component: (await import("@/features/open/page")).OpenPage }) },
          { path: "history", lazy: async () => ({ Component: (await import("@/features/history/page")).HistoryPage }) },
          { path: "trades/:id", lazy: async () => ({ Component: (await import("@/features/trade/page")).TradePage }) },
          { path: "market", lazy: async () => ({ Component: (await import("@/features/market/page")).MarketPage }) },
          {
            path: "market/:market/:symbol",
            lazy: async () => ({ Component: (await import("@/features/market/pair-page")).PairPage }),
          },
          {
            path: "performance",
            lazy: async () => ({ Component: (await import("@/features/performance/page")).PerformancePage }),
          },
          { path: "signals", lazy: async () => ({ Component: (await import("@/features/signals/page")).SignalsPage }) },
          { path: "sources", lazy: async () => ({ Component: (await import("@/features/sources/page")).SourcesPage }) },
          {
            path: "sources/:id",
            lazy: async () => ({ Component: (await import("@/features/sources/source-page")).SourcePage }),
          },
          {
            path: "settings",
            lazy: async () => ({ Component: (await import("@/features/settings/page")).SettingsPage }),
          },
          { path: "system", lazy: async () => ({ Component: (await import("@/features/system/page")).SystemPage }) },
          { path: "*", element: <PageFailure missing /> },
        ],
      },
    ],
  },
]);
