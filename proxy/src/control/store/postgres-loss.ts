import { DatabaseError } from 'pg';

/**
 * Classes of SQLSTATE (PostgreSQL, appendix A) that say that the server cannot work, whatever the statement was:
 * connection, authorisation, no such database, resources (disk full, memory, connections), shutdown, system error, and a
 * read-only transaction, as on a server that became a standby.
 */
const LOST = /^(?:08|28|3D|53|57P|58|25006|F0|XX)/;

/** Whether an error of the driver means that the server is lost; what is wrong with the statement does not. */
export function isPostgresLoss(error: unknown): boolean {
  if (error instanceof DatabaseError) return LOST.test(error.code ?? '');
  // What the server did not say itself comes from the network or from our own timeouts.
  return error instanceof Error && !(error instanceof TypeError);
}
