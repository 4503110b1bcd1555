import type { MeAnswer } from './api.ts';
import { clockTime, span, useNow } from './time.ts';

export function Person({ me }: { readonly me: MeAnswer }) {
  const now = useNow(20_000);
  const left = me.session.expiresAt - now;
  return (
    <section aria-label="You" className="person">
      <h1>{me.displayName}</h1>
      <dl className="facts">
        <div>
          <dt>Signed in as</dt>
          <dd className="wrap">{me.user}</dd>
        </div>
        <div>
          <dt>{me.groups.length === 1 ? 'Group' : 'Groups'}</dt>
          <dd>
            {me.groups.length === 0 ? (
              'none'
            ) : (
              <ul className="tags">
                {me.groups.map((group) => (
                  <li key={group}>{group}</li>
                ))}
              </ul>
            )}
          </dd>
        </div>
        <div>
          <dt>Session ends</dt>
          <dd>
            <time dateTime={new Date(me.session.expiresAt).toISOString()}>{clockTime(me.session.expiresAt, now)}</time>
            <span className="aside"> {left > 0 ? `in ${span(left)}` : 'now: sign in again'}</span>
          </dd>
        </div>
      </dl>
    </section>
  );
}
