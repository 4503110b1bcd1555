/**
 * Loaded with `--import` before a program that knows nothing of the demo, so that it ends with whoever started it: when
 * the fork's channel closes, also by kill -9 of the other side, the program gets the SIGTERM it would get anyway.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
