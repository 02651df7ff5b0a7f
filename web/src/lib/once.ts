/** A key of an order that must be carried out once, however often it is sent. */

/** `crypto.randomUUID` is not there over plain http, as from another machine of a house. */
export function onceKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
