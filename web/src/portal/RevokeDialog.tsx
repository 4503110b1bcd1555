import { useEffect, useRef, useState } from 'react';
import type { PortalDevice } from './api.ts';
import { client, describeError } from './client.ts';

interface Props {
  readonly device: PortalDevice;
  readonly onEnd: (revoked: boolean) => void;
}

/** Revoking cannot be taken back, so it is asked for. Focus returns to where it was when the person cancels. */
export function RevokeDialog({ device, onEnd }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  async function revoke(): Promise<void> {
    setBusy(true);
    setTrouble(null);
    try {
      await client.revokeDevice(device.id);
      onEnd(true);
    } catch (error) {
      setBusy(false);
      setTrouble(describeError(error));
    }
  }

  return (
    <dialog
      ref={dialog}
      aria-labelledby="revoke-title"
      aria-describedby="revoke-text"
      onCancel={(event) => {
        event.preventDefault();
        onEnd(false);
      }}
    >
      <h2 id="revoke-title">Revoke {device.name}?</h2>
      <p id="revoke-text">
        What it has open is cut at once and its certificate is no longer accepted. To use it again, connect it anew.
      </p>
      {trouble === null ? null : (
        <p className="trouble" role="alert">
          {trouble}
        </p>
      )}
      <div className="actions">
        <button type="button" className="button" onClick={() => onEnd(false)}>
          Keep it
        </button>
        <button type="button" className="button danger solid" disabled={busy} onClick={() => void revoke()}>
          {busy ? 'Revoking…' : 'Revoke'}
        </button>
      </div>
    </dialog>
  );
}
