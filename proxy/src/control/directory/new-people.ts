import type { CausewayError } from '@causeway/contract';
import { checkedName } from './names.ts';
import type { DirectoryUser, UserInput } from './records.ts';

/** What became of one of those who were to be made. */
export type Made = DirectoryUser | CausewayError;

/** Makes all of them in one transaction. It asks for them when the transaction runs, not before. */
export type MakeAll = (idp: string, inputs: () => readonly UserInput[]) => Promise<readonly Made[]>;

interface Waiting {
  readonly input: UserInput;
  readonly resolve: (user: DirectoryUser) => void;
  readonly reject: (error: unknown) => void;
}

/** Rows of one statement; a database limits the parameters of a statement. */
const AT_ONCE = 50;

/**
 * People to be made. Those that come while a transaction waits for its turn go into the same statements: a first
 * synchronisation is a hundred thousand of them, and on a database server each statement is a journey.
 */
export class NewPeople {
  readonly #makeAll: MakeAll;
  /** By provider: those whose transaction has not begun. */
  readonly #open = new Map<string, Waiting[]>();

  constructor(makeAll: MakeAll) {
    this.#makeAll = makeAll;
  }

  /** @throws CausewayError `CW_CONFLICT`, `CW_REQUEST_INVALID`, `CW_BUSY`, `CW_STORE_FAILED` */
  async make(idp: string, input: UserInput): Promise<DirectoryUser> {
    checkedName('a user name', input.userName);
    const { promise, resolve, reject } = Promise.withResolvers<DirectoryUser>();
    const open = this.#open.get(idp);
    if (open !== undefined && open.length < AT_ONCE) open.push({ input, resolve, reject });
    else {
      const own: Waiting[] = [{ input, resolve, reject }];
      this.#open.set(idp, own);
      void this.#run(idp, own);
    }
    return promise;
  }

  async #run(idp: string, own: readonly Waiting[]): Promise<void> {
    const close = (): void => {
      if (this.#open.get(idp) === own) this.#open.delete(idp);
    };
    try {
      const made = await this.#makeAll(idp, () => {
        close();
        return own.map(({ input }) => input);
      });
      for (const [i, one] of made.entries()) {
        if (one instanceof Error) own[i]?.reject(one);
        else own[i]?.resolve(one);
      }
    } catch (error) {
      close();
      if (own.length === 1) own[0]?.reject(error);
      // What the database does not take of one must not be the others' fault.
      else for (const one of own) await this.#run(idp, [one]);
    }
  }
}
