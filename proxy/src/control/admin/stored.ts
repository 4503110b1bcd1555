import { storeFailed } from '../store/open-database.ts';

/** What the database answers, or `CW_STORE_FAILED`. */
export async function stored<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw storeFailed(error);
  }
}
