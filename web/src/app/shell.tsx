/** The frame around every page: navigation, the account's figures, the connection, and new trades. */
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link, NavLink, Outlet, ScrollRestoration, useLocation } from "react-router";
import { Icon } from "@/components/ui/icons";
import { followEvents } from "@/lib/queries/events";
import { liveTrades } from "@/lib/queries/trades";
import { BottomTabs } from "./bottom-tabs";
import { Connection, LostBanner } from "./connection";
import { HaltBanner } from "./halt-banner";
import { useMode, useModeEverywhere } from "./mode";
import { PLACES } from "./navigation";
import { useShortcuts } from "./shortcuts";
import { TopBar } from "./top-bar";

export function Shell() {
  useEffect(followEvents, []);
  const shortcuts = useShortcuts();
  const mode = useMode();
  const { pathname } = useLocation();
  const place = PLACES.find(({ to }) => (to === "/" ? pathname === "/" : pathname.startsWith(to)));
  useModeEverywhere(mode, place?.name);
  return (
    <div className={`shell shell-${mode}`}>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Link to="/" className="brand" aria-label={`paperfleet, ${mode}`}>
        <Logo />
        <span>paperfleet</span>
      </Link>
      <Navigation />
      <TopBar onNewTrade={shortcuts.newTrade} connection={<Connection />} />
      <main className="main" id="main" tabIndex={-1}>
        <LostBanner />
        <HaltBanner />
        <Outlet />
      </main>
      <BottomTabs />
      {shortcuts.dialogs}
      <ScrollRestoration />
    </div>
  );
}

function Navigation() {
  const open = useQuery({
    ...liveTrades,
    select: ({ trades, cut }) => (cut ? `${trades.length}+` : `${trades.length}`),
  });
  return (
    <nav className="side" aria-label="Pages">
      {PLACES.map(({ to, name, icon }) => (
        <NavLink key={to} to={to} end={to === "/"} title={name}>
          <Icon name={icon} />
          <span>{name}</span>
          {to === "/open" && open.data !== undefined && <span className="badge num">{open.data}</span>}
        </NavLink>
      ))}
      <div className="side-foot">
        Never sends an order. Charts by{" "}
        <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
          TradingView
        </a>
        .
      </div>
    </nav>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="var(--panel-2)" />
      <path
        d="M6 21l6-6 5 4 9-10"
        fill="none"
        stroke="var(--mode)"
        strokeWidth="3"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
