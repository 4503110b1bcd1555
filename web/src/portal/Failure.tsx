import type { ApiError } from './client.ts';

interface Props {
  /** What could not be shown, after "could not load". */
  readonly what: string;
  readonly error: ApiError;
  readonly retry: () => Promise<void>;
}

export function Failure({ what, error, retry }: Props) {
  return (
    <div className="failure" role="alert">
      <p>
        Could not load {what}. {error.message} <code>{error.code}</code>
      </p>
      <button type="button" className="button" onClick={() => void retry()}>
        Try again
      </button>
    </div>
  );
}

/** Grey shapes where rows will be; told to screen readers as one word. */
export function Loading({ rows }: { readonly rows: number }) {
  return (
    <div className="loading" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="bone" />
      ))}
    </div>
  );
}
