import { Arches } from '../brand/Arches.tsx';
import { Mark } from '../brand/Mark.tsx';

/** Keep in step with `NoticeFields` of the proxy, which fills these in at run time. */
export const PLACEHOLDERS = [
  'title',
  'heading',
  'message',
  'advice',
  'code',
  'reference',
  'homeUrl',
  'homeLabel',
] as const;

const place = (name: (typeof PLACEHOLDERS)[number]): string => `{{${name}}}`;

/**
 * The one page behind a block, a 404 and every error. It is rendered once, at build time, and stands alone: styles
 * inline, no script, nothing loaded, because the host that shows it may be any app's.
 *
 * @param css the whole style sheet
 */
export function NoticePage({ css }: { readonly css: string }) {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <title>{place('title')}</title>
        <style dangerouslySetInnerHTML={{ __html: css }} />
      </head>
      <body>
        <main>
          <p className="brand">
            <Mark /> Causeway
          </p>
          <h1>{place('heading')}</h1>
          <p className="message">{place('message')}</p>
          <p className="advice">{place('advice')}</p>
          <a className="home" href={place('homeUrl')}>
            {place('homeLabel')}
          </a>
          <Arches />
          <dl>
            <div>
              <dt>Code</dt>
              <dd>{place('code')}</dd>
            </div>
            <div>
              <dt>Reference</dt>
              <dd>{place('reference')}</dd>
            </div>
          </dl>
        </main>
      </body>
    </html>
  );
}
