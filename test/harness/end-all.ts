/** For `afterAll`: every end gets its turn, in this order, whatever happened to the ones before; then what failed is thrown. */
export async function endAll(...ends: readonly (() => Promise<unknown> | undefined)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const end of ends) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
}
