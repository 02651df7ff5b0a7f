/** A stand-in for the browser's EventSource, which says what a test tells it to. */

/** What has been opened since the last `forget`, newest last. */
export const opened: Source[] = [];

export const forget = () => opened.splice(0);

export class Source extends EventTarget {
  static readonly CLOSED = 2;
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(readonly url: string) {
    super();
    opened.push(this);
  }
  close() {
    this.readyState = Source.CLOSED;
  }
  say(type: string, data: object, lastEventId = "") {
    this.dispatchEvent(new MessageEvent(type, { data: JSON.stringify(data), lastEventId }));
  }
}
