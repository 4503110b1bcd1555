import { useState } from 'react';
import { Arches } from '../brand/Arches.tsx';
import { Mark } from '../brand/Mark.tsx';
import { Apps } from './Apps.tsx';
import { client, describeError } from './client.ts';
import { Devices } from './Devices.tsx';
import { Failure } from './Failure.tsx';
import { Person } from './Person.tsx';
import { useResource } from './resource.ts';
import { StoreLost } from './StoreLost.tsx';

/** Who I am, what I may open, from which devices. */
export function Portal() {
  const me = useResource(client.me);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [leaving, setLeaving] = useState(false);

  async function signOut(): Promise<void> {
    setLeaving(true);
    setTrouble(null);
    try {
      await client.signOut();
      location.assign('/signed-out');
    } catch (error) {
      setLeaving(false);
      setTrouble(`You are still signed in. ${describeError(error)}`);
    }
  }

  return (
    <>
      <a className="skip" href="#apps">
        Skip to your apps
      </a>
      <header className="top">
        <div className="page top-row">
          <span className="brand">
            <Mark /> Causeway
          </span>
          <button type="button" className="button quiet" disabled={leaving} onClick={() => void signOut()}>
            {leaving ? 'Signing out…' : 'Sign out'}
          </button>
        </div>
        <StoreLost />
        {trouble === null ? null : (
          <p className="page trouble" role="alert">
            {trouble}
          </p>
        )}
        <div className="page greeting">
          {me.resource.state === 'ready' ? (
            <Person me={me.resource.value} />
          ) : me.resource.state === 'failed' ? (
            <>
              <h1>Your portal</h1>
              <Failure what="who you are" error={me.resource.error} retry={me.reload} />
            </>
          ) : (
            <h1 className="pending">Your portal</h1>
          )}
        </div>
        <Arches />
      </header>
      <main className="page columns">
        <Apps />
        <Devices />
      </main>
    </>
  );
}
