/** Loaded before an edge worker in tests: its wall clock goes ahead by as much as a message `{ clockMs }` says. */
const real = Date.now;
let ahead = 0;
Date.now = () => real() + ahead;
process.on('message', (message: unknown) => {
  if (typeof message !== 'object' || message === null || !('clockMs' in message)) return;
  ahead = Number(message.clockMs);
});
