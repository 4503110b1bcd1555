import { client } from './client.ts';
import { useResource } from './resource.ts';
import { clockTime, useNow } from './time.ts';

const REFRESH_MS = 5_000;

/** While the PoP's store is away: what still works and for how long. Shows nothing otherwise. */
export function StoreLost() {
  const { resource } = useResource(client.health, REFRESH_MS);
  const now = useNow(20_000);
  const lost = resource.state === 'ready' ? resource.value.storeLost : null;
  if (lost === null) return null;
  return (
    <div className="page degraded" role="status">
      <p>
        <strong>Access cannot be checked at the moment.</strong>{' '}
        {lost.graceEnds > now ? (
          <>
            What you have open goes on until{' '}
            <time dateTime={new Date(lost.graceEnds).toISOString()}>{clockTime(lost.graceEnds, now)}</time>.
          </>
        ) : (
          'What was open has ended.'
        )}{' '}
        Apps that you have not opened yet, new devices and signing in or out have to wait. This ends by itself.
      </p>
    </div>
  );
}
