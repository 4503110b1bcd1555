/** Tables so that each comes after those that it refers to. @param references pairs of a table and one that it refers to */
export function tableOrder(
  tables: readonly string[],
  references: readonly (readonly [from: string, to: string])[],
): string[] {
  const ordered: string[] = [];
  const seen = new Set<string>();
  const visit = (table: string): void => {
    if (seen.has(table)) return;
    seen.add(table);
    for (const [from, to] of references) if (from === table) visit(to);
    ordered.push(table);
  };
  for (const table of tables.toSorted()) visit(table);
  return ordered;
}
