/** The three people of the demo. What each may do is decided by the demo's rules; `may` says it for the login page. */
export interface DemoPerson {
  /** The name in the login form. */
  readonly id: string;
  readonly displayName: string;
  /** NameID, and the user of the policy. */
  readonly user: string;
  readonly groups: readonly string[];
  readonly may: string;
}

export const DEMO_GROUPS = { engineering: 'engineering', contractors: 'contractors', guests: 'guests' } as const;

export const DEMO_PEOPLE: readonly DemoPerson[] = [
  {
    id: 'ada',
    displayName: 'Ada Lindqvist',
    user: 'ada@corp.example',
    groups: [DEMO_GROUPS.engineering],
    may: 'engineering: opens the intranet and notes',
  },
  {
    id: 'ben',
    displayName: 'Ben Okafor',
    user: 'ben@partner.example',
    groups: [DEMO_GROUPS.contractors],
    may: 'contractor: opens notes; the intranet tells him that it is not for contractors',
  },
  {
    id: 'cleo',
    displayName: 'Cleo Martin',
    user: 'cleo@corp.example',
    groups: [DEMO_GROUPS.guests],
    may: 'guest: opens nothing; every app looks as if it did not exist',
  },
];
