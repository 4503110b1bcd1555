import type { Verdict } from '@causeway/contract';

/** Characters that a blocked person is told at most; an answer to an agent carries no more. */
export const MAX_NOTICE = 500;
/** Characters of one word that is filled in at the edge: names of people come from elsewhere. */
const MAX_WORD = 100;
const PLACES = ['person', 'app', 'rule', 'contact'] as const;

export type NoticePlace = (typeof PLACES)[number];

/** `{{…}}` in the text that is no place of a notice. */
export function strangePlaces(text: string): readonly string[] {
  return [...text.matchAll(/\{\{([^{}]*)\}\}/g)].flatMap(([whole, name]) =>
    PLACES.some((place) => place === name) ? [] : [whole],
  );
}

export function hasPlace(text: string, place: NoticePlace): boolean {
  return text.includes(`{{${place}}}`);
}

/**
 * Puts words in their places, in one pass: a word that looks like a place stays a word. Places without a word stay for
 * who knows it. The result is plain text; whoever shows it escapes it.
 */
export function fillPlaces(text: string, words: Readonly<Partial<Record<NoticePlace, string>>>): string {
  return text.replace(/\{\{(person|app|rule|contact)\}\}/g, (whole, place: NoticePlace) => words[place] ?? whole);
}

/** The verdict with a notice that speaks to this person of this app; the same object where it names neither. */
export function toldTo(verdict: Verdict, person: { user: string; displayName?: string }, app: string | null): Verdict {
  const { notify } = verdict;
  if (notify === undefined || !(hasPlace(notify, 'person') || hasPlace(notify, 'app'))) return verdict;
  const shown = oneLine(person.displayName ?? '') || oneLine(person.user);
  return { ...verdict, notify: shortened(fillPlaces(notify, { person: shown, app: app ?? '' })) };
}

/** Without control characters and bidirectional overrides, which would turn the words around it. */
function oneLine(word: string): string {
  return cut(word.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim(), MAX_WORD);
}

function shortened(text: string): string {
  return text.length <= MAX_NOTICE ? text : `${cut(text, MAX_NOTICE - 1)}…`;
}

/** Never in the middle of a surrogate pair. */
function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}
