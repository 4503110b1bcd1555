import { Fragment, useId } from 'react';
import type { PortalApp } from './api.ts';
import { client } from './client.ts';
import { Failure, Loading } from './Failure.tsx';
import { useResource } from './resource.ts';

export function Apps() {
  const { resource, reload } = useResource(client.apps);
  return (
    <section id="apps" aria-labelledby="apps-title" tabIndex={-1}>
      <h2 id="apps-title">Apps</h2>
      {resource.state === 'loading' ? (
        <Loading rows={2} />
      ) : resource.state === 'failed' ? (
        <Failure what="your apps" error={resource.error} retry={reload} />
      ) : resource.value.apps.length === 0 ? (
        <div className="empty">
          <p className="lead">No app is open to you yet.</p>
          <p>When an administrator gives you one, it appears here. Ask them if you expected to find something.</p>
        </div>
      ) : (
        <ul className="cards">
          {resource.value.apps.map((app) => (
            <li key={app.name}>
              <AppCard app={app} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** A browser app is one big link; an app without a browser URL says what devices call it. */
function AppCard({ app }: { readonly app: PortalApp }) {
  const id = useId();
  const body = (
    <>
      <span className={`tile hue-${hueOf(app.name)}`} aria-hidden="true">
        {app.name.slice(0, 1).toUpperCase()}
      </span>
      <span className="card-text">
        <span className="card-name" id={`${id}n`}>
          {app.name}
        </span>
        <span className="card-about" id={`${id}a`}>
          {app.description === '' ? null : <span className="card-line">{app.description}</span>}
          {app.url === null ? (
            <span className="card-line">
              From a connected device: <span className="hosts">{app.hosts.join(', ')}</span>
            </span>
          ) : (
            <span className="card-line">
              <UrlHost text={new URL(app.url).host} />
            </span>
          )}
        </span>
      </span>
    </>
  );
  return app.url === null ? (
    <article className="card" aria-labelledby={`${id}n`}>
      {body}
    </article>
  ) : (
    <a className="card" href={app.url} aria-labelledby={`${id}n`} aria-describedby={`${id}a`}>
      {body}
      <span className="go" aria-hidden="true">
        →
      </span>
    </a>
  );
}

/** A name breaks at its dots, where a narrow card has to break it. */
function UrlHost({ text }: { readonly text: string }) {
  return (
    <span className="hosts">
      {text.split('.').map((label, at) => (
        <Fragment key={at}>
          {at === 0 ? null : <wbr />}
          {at === 0 ? label : `.${label}`}
        </Fragment>
      ))}
    </span>
  );
}

/** One of six colours, the same for the same name on every visit. */
function hueOf(name: string): number {
  let sum = 0;
  for (const letter of name) sum += letter.codePointAt(0) ?? 0;
  return sum % 6;
}
