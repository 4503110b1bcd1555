/** What one bulk request may hold; told to clients. */
export const BULK_OPERATIONS = 1_000;
export const BULK_BYTES = 6 * 1024 * 1024;
