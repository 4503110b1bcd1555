/** A value as YAML. The library is loaded when it is needed: most of what is printed is a table. */
export async function yamlText(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(value);
}
