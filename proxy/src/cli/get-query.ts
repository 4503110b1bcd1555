/** How a list is asked for, and shown. */
export interface GetQuery {
  /** Of the API's `filter[…]`. */
  readonly query: Readonly<Record<string, string>>;
  /** Items at most; `null` where nobody said. */
  readonly limit: number | null;
  readonly as: 'table' | 'yaml' | 'json';
}
