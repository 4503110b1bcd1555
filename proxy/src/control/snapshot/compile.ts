import type { PolicyRule } from '@causeway/contract';

/** Rules as the edges need them, which know notices and no templates. */
export function withNotices(
  rules: readonly PolicyRule[],
  templates: readonly { readonly name: string; readonly notice: string }[],
): readonly PolicyRule[] {
  if (templates.length === 0) return rules;
  const notices = new Map(templates.map(({ name, notice }) => [name, notice]));
  return rules.map((rule) => {
    const notice = rule.template === undefined ? undefined : notices.get(rule.template);
    return notice === undefined ? rule : { ...rule, notice };
  });
}
