import { renderToStaticMarkup } from 'react-dom/server';
import { NoticePage } from './NoticePage.tsx';

/** The text of `web/dist/pages/notice.html`. @param css the whole style sheet, which must not hold `</style` */
export function renderNotice(css: string): string {
  return `<!doctype html>\n${renderToStaticMarkup(<NoticePage css={css} />)}\n`;
}
