/** Short names for the API's own types. */
import type { Schemas } from "./client";

export type Trade = Schemas["LiveTradeView"];
export type TradeStatus = Schemas["TradeStatus"];
export type Exit = Schemas["ExitView"];
export type Evidence = Schemas["Evidence"];
export type NewTrade = Schemas["NewTrade"];
export type EditTrade = Schemas["EditTrade"];
export type Revision = Schemas["Revision"];
export type Account = Schemas["AccountView"];
export type Price = Schemas["Price"];
export type Instrument = Schemas["InstrumentView"];
export type SystemStatus = Schemas["SystemStatus"];
export type Market = Schemas["Market"];
export type Direction = Schemas["Direction"];
export type Reason = Schemas["Reason"];
