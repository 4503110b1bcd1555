import { Arches } from '../brand/Arches.tsx';
import { Mark } from '../brand/Mark.tsx';

export function SignedOut() {
  return (
    <main className="page alone">
      <span className="brand">
        <Mark /> Causeway
      </span>
      <h1>You are signed out</h1>
      <p>Your session has ended in every app, and what was still open in them has been closed.</p>
      <p>
        <a className="button solid" href="/">
          Sign in again
        </a>
      </p>
      <Arches />
    </main>
  );
}
