import { useEffect, useRef, useState } from 'react';
import type { DeviceCodeAnswer } from './api.ts';
import { client, describeError } from './client.ts';
import { clockTime, span, useNow } from './time.ts';

/** Asks for a one-time code and shows the command that uses it. The code is kept nowhere but on the screen. */
export function ConnectDevice() {
  const [code, setCode] = useState<DeviceCodeAnswer | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function ask(): Promise<void> {
    setBusy(true);
    setTrouble(null);
    try {
      setCode(await client.deviceCode());
    } catch (error) {
      setTrouble(describeError(error));
    }
    setBusy(false);
  }

  return (
    <div className="connect">
      {code === null ? null : <DeviceCode key={code.token} code={code} />}
      {trouble === null ? null : (
        <p className="trouble" role="alert">
          {trouble}
        </p>
      )}
      <button type="button" className="button" disabled={busy} onClick={() => void ask()}>
        {code === null ? 'Connect a device' : 'New code'}
      </button>
    </div>
  );
}

type Copied = 'no' | 'yes' | 'select';

function DeviceCode({ code }: { readonly code: DeviceCodeAnswer }) {
  const now = useNow(1_000);
  const [copied, setCopied] = useState<Copied>('no');
  const command = useRef<HTMLTextAreaElement>(null);
  const left = code.expiresAt - now;

  useEffect(() => command.current?.focus(), []);

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(code.command);
      setCopied('yes');
    } catch {
      command.current?.select();
      setCopied('select');
    }
  }

  if (left <= 0) {
    return (
      <p className="empty" role="status">
        The code has expired.
      </p>
    );
  }
  return (
    <div className="code">
      <label htmlFor="device-command">Run this on the device</label>
      <textarea
        id="device-command"
        ref={command}
        readOnly
        rows={6}
        spellCheck={false}
        value={code.command}
        onFocus={(event) => event.currentTarget.select()}
      />
      <div className="code-row">
        <button type="button" className="button solid" onClick={() => void copy()}>
          {copied === 'yes' ? 'Copied' : 'Copy command'}
        </button>
        <span className="aside">
          Works once, until {clockTime(code.expiresAt, now)} ({span(left)})
        </span>
      </div>
      <p className="visually-hidden" role="status">
        {copied === 'yes' ? 'The command is copied.' : copied === 'select' ? 'The command is selected.' : ''}
      </p>
    </div>
  );
}
