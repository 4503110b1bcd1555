import { useRef, useState } from 'react';
import type { PortalDevice } from './api.ts';
import { client } from './client.ts';
import { ConnectDevice } from './ConnectDevice.tsx';
import { Failure, Loading } from './Failure.tsx';
import { RevokeDialog } from './RevokeDialog.tsx';
import { useResource } from './resource.ts';
import { day } from './time.ts';

const REFRESH_MS = 5_000;

/** Devices that carry an agent of this person. Revoked ones stay listed: they are the record of what was trusted. */
export function Devices() {
  const { resource, reload } = useResource(client.devices, REFRESH_MS);
  const [asking, setAsking] = useState<PortalDevice | null>(null);
  const title = useRef<HTMLHeadingElement>(null);

  return (
    <section aria-labelledby="devices-title">
      <h2 id="devices-title" tabIndex={-1} ref={title}>
        Devices
      </h2>
      {resource.state === 'loading' ? (
        <Loading rows={1} />
      ) : resource.state === 'failed' ? (
        <Failure what="your devices" error={resource.error} retry={reload} />
      ) : resource.value.devices.length === 0 ? (
        <p className="empty">No device is connected. Browsers need none; the agent on a device does.</p>
      ) : (
        <ul className="devices">
          {resource.value.devices.map((device) => (
            <li key={device.id} className={device.revokedAt === null ? 'device' : 'device revoked'}>
              <div className="device-text">
                <span className="device-name wrap">{device.name}</span>
                <span className="aside">{stateOf(device)}</span>
              </div>
              {device.revokedAt === null ? (
                <button
                  type="button"
                  className="button small danger"
                  aria-label={`Revoke ${device.name}`}
                  onClick={() => setAsking(device)}
                >
                  Revoke
                </button>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      <ConnectDevice />
      {asking === null ? null : (
        <RevokeDialog
          device={asking}
          onEnd={(revoked) => {
            setAsking(null);
            if (!revoked) return;
            title.current?.focus();
            void reload();
          }}
        />
      )}
    </section>
  );
}

function stateOf(device: PortalDevice) {
  if (device.revokedAt !== null) return `Revoked on ${day(device.revokedAt)}`;
  return (
    <>
      <span className={device.connected ? 'dot on' : 'dot'} aria-hidden="true" />
      {device.connected ? 'Connected' : 'Not connected'}, added {day(device.createdAt)}
    </>
  );
}
