import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:https';
import type { EventRecord } from '../../../rpc/messages.ts';
import { jsonLines, type Sink } from './sink.ts';

export interface WebhookSinkOptions {
  readonly url: string;
  readonly secret: string;
  /** PEM; the system's where absent. */
  readonly ca?: string;
  readonly now: () => number;
}

/** What the receiver compares: over the time too, so that an old delivery cannot be sent again as a new one. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** JSON lines by POST, signed. A batch that is sent again has the same `Causeway-Delivery`. Redirects are failures. */
export class WebhookSink implements Sink {
  readonly #options: WebhookSinkOptions;

  constructor(options: WebhookSinkOptions) {
    this.#options = options;
  }

  send(events: readonly EventRecord[], signal: AbortSignal): Promise<void> {
    const { url, secret, ca, now } = this.#options;
    const body = jsonLines(events);
    const timestamp = String(Math.trunc(now() / 1_000));
    const headers = {
      'content-type': 'application/x-ndjson',
      'content-length': Buffer.byteLength(body),
      'causeway-delivery': createHash('sha256').update(body).digest('hex'),
      'causeway-timestamp': timestamp,
      'causeway-signature': signatureOf(secret, timestamp, body),
    };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', headers, signal, ...(ca === undefined ? {} : { ca }) }, (answer) => {
        const status = answer.statusCode ?? 0;
        answer.resume();
        answer.on('error', reject);
        answer.on('end', () => {
          if (status >= 200 && status < 300) resolve();
          else reject(new Error(`it answered ${status}`));
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  async close(): Promise<void> {}
}
