/** One message of a stream of server-sent events. */
export interface ServerSentMessage {
  /** `message` where the stream names none. */
  readonly event: string;
  readonly data: string;
}

const MAX_LINE = 1024 * 1024;

/** Server-sent events as the HTML Standard (§9.2.6) reads them: text in, messages out. */
export class ServerSentEvents {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id = '';

  /** The last id that the stream has said; what `Last-Event-ID` sends back. Empty before the first. */
  get lastEventId(): string {
    return this.#id;
  }

  /** @throws Error on a line that never ends */
  push(text: string): ServerSentMessage[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MAX_LINE) throw new Error(`a line of the stream is longer than ${MAX_LINE} characters`);
    const messages: ServerSentMessage[] = [];
    for (const line of lines) {
      if (line !== '') this.#field(line);
      else if (this.#data.length > 0) messages.push(this.#dispatch());
      else this.#event = '';
    }
    return messages;
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#data.push(value);
    else if (name === 'event') this.#event = value;
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
  }

  #dispatch(): ServerSentMessage {
    const message = { event: this.#event || 'message', data: this.#data.join('\n') };
    this.#event = '';
    this.#data = [];
    return message;
  }
}
