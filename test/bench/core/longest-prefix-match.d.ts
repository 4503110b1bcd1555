/** What is used of a peer that ships no types. */
declare module 'longest-prefix-match' {
  export default class LongestPrefixMatch {
    addPrefix(prefix: string, data: number): void;
    getMatch(prefix: string): number[];
  }
}
