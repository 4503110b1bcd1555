/** Two arches under a deck. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false">
      <rect className="ground" width="32" height="32" rx="7" />
      <path
        className="bridge"
        d="M4 10h24v5h-1.5v8h-3v-1.5a3.5 3.5 0 0 0-7 0V23h-1v-1.5a3.5 3.5 0 0 0-7 0V23h-3v-8H4z"
      />
    </svg>
  );
}
