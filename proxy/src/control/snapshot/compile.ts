import type { PolicyRule } from '@causeway/contract';
import type { Report } from '../../config/object-checks.ts';
import { fillPlaces, hasPlace, MAX_NOTICE } from '../../policy/notice-words.ts';
import type { BlockTemplate } from '../objects/kinds/block-template.ts';

/**
 * Rules as the edges need them, which know notices and no templates. Of a template's places only person and app are left
 * open, because they are known when somebody asks.
 */
export function withNotices(rules: readonly PolicyRule[], templates: readonly BlockTemplate[]): readonly PolicyRule[] {
  if (templates.length === 0) return rules;
  const byName = new Map(templates.map((template) => [template.name, template]));
  return rules.map((rule) => {
    const template = rule.template === undefined ? undefined : byName.get(rule.template);
    return template === undefined ? rule : { ...rule, notice: noticeOf(template, rule.notice) };
  });
}

/** Whether rules go together with the templates that they name. */
export function checkNotices(
  { rules, templates }: { readonly rules: readonly PolicyRule[]; readonly templates: readonly BlockTemplate[] },
  report: Report,
): void {
  if (templates.length === 0) return;
  const byName = new Map(templates.map((template) => [template.name, template]));
  for (const [i, { template: name, notice }] of rules.entries()) {
    const template = name === undefined ? undefined : byName.get(name);
    if (template === undefined) continue;
    const { length } = noticeOf(template, notice);
    if (length > MAX_NOTICE) {
      report(['rules', i, 'notice'], `makes ${length} characters with its template; ${MAX_NOTICE} at most`);
    }
    if (notice !== undefined && !hasPlace(template.notice, 'rule')) {
      report(['rules', i, 'notice'], `is not told: block template "${template.name}" has no {{rule}} for it`, {
        severity: 'warning',
      });
    }
  }
}

function noticeOf({ notice, contact = '' }: BlockTemplate, words = ''): string {
  return fillPlaces(notice, { rule: words, contact });
}
