import { constants, getPriority, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { CausewayError, codeOf } from '@causeway/contract';
import { differencesBetween, entries, impactOfDraft, restoration, shadowed } from './comparing.ts';
import { compileContents } from './compile-contents.ts';
import { deadRules } from './dead-rules.ts';
import { triedRules } from './tried-rules.ts';
import type { FromSnapshotThread, JobName, Jobs, ToSnapshotThread } from './job.ts';

/** Entry of the thread that reads, checks, compiles and compares contents. */
async function answerTo(message: ToSnapshotThread): Promise<Jobs[JobName]['answer']> {
  const { location } = message;
  switch (message.job) {
    case 'compile':
      return compileContents(location, message.args);
    case 'entries':
      return entries(location, message.args);
    case 'differences':
      return differencesBetween(location, message.args);
    case 'restoration':
      return restoration(location, message.args);
    case 'shadowed':
      return shadowed(location, message.args);
    case 'deadRules':
      // Of this thread alone on Linux: whoever else has something to do goes first.
      if (process.platform === 'linux') setPriority(Math.max(getPriority(), constants.priority.PRIORITY_LOW));
      return deadRules(location, message.args);
    case 'tried':
      return triedRules(location, message.args);
    case 'impact':
      return impactOfDraft(location, message.args);
  }
}

async function run(message: ToSnapshotThread): Promise<void> {
  let said: FromSnapshotThread;
  const heap = (): number => process.memoryUsage().heapUsed;
  try {
    said = { t: 'done', answer: await answerTo(message), heapBytes: heap() };
  } catch (error) {
    const problems = error instanceof CausewayError ? error.problems : [];
    const text = error instanceof Error ? error.message : String(error);
    said = { t: 'refused', code: codeOf(error), message: text, problems, heapBytes: heap() };
  }
  parentPort?.postMessage(
    said,
    said.t === 'done' && 'image' in said.answer ? [said.answer.image.bytes.buffer, said.answer.facts.bytes.buffer] : [],
  );
}

parentPort?.on('message', (message: ToSnapshotThread) => void run(message));
