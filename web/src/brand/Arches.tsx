/** The bridge that runs across a page, as wide as the page: a deck, its arches, and the water below. */
export function Arches() {
  return (
    <svg className="arches" aria-hidden="true" focusable="false">
      <defs>
        <pattern id="arch" width="56" height="36" patternUnits="userSpaceOnUse">
          <path className="water" d="M0 28h56v8H0z" />
          <path className="stone" d="M0 0h56v4H0zM0 7h56v25h-5v-3a23 20 0 0 0-46 0v3H0z" />
        </pattern>
      </defs>
      <rect width="100%" height="36" fill="url(#arch)" />
    </svg>
  );
}
