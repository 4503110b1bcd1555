/** What the directory knows; times are milliseconds since 1970. */
export interface DirectoryUser {
  /** `u` and a number, never given twice. */
  readonly id: string;
  readonly idp: string;
  /** As the identity provider spells it; compared without regard to case, unique within the provider. */
  readonly userName: string;
  readonly externalId: string | null;
  readonly displayName: string;
  /** Who is not active has no access and cannot sign in. */
  readonly active: boolean;
  /** Path of the organisational unit; of a person known from logins, as the last one said. */
  readonly ou: string | null;
  /**
   * `scim`: the provider keeps this person here. `saml`: known from a login, which also says the groups. `local`: an
   * administrator keeps this person here.
   */
  readonly source: PersonSource;
  /** The other SCIM attributes. */
  readonly body: UserBody;
  readonly seenAt: number | null;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type PersonSource = 'scim' | 'saml' | 'local';

/** Plain JSON, whose keys are names that the SCIM schemas know. */
export type UserBody = Readonly<Record<string, unknown>>;

/** What a provider says of a person. */
export interface UserInput {
  readonly userName: string;
  readonly externalId: string | null;
  readonly displayName: string;
  readonly active: boolean;
  readonly ou: string | null;
  readonly body: UserBody;
  /** The attributes of `body` that can be searched for. */
  readonly values: readonly SearchValue[];
}

export interface SearchValue {
  /** Lower case. */
  readonly path: string;
  /** Lower case; `null` for an attribute that has one value. */
  readonly kind: string | null;
  readonly main: boolean;
  readonly value: string;
}

export interface DirectoryGroup {
  /** `g` and a number, never given twice. */
  readonly id: string;
  readonly idp: string;
  /** What rules call it; unique within the provider without regard to case. */
  readonly name: string;
  readonly externalId: string | null;
  /** Who keeps it: the provider, or an administrator. */
  readonly source: 'scim' | 'local';
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface GroupInput {
  readonly name: string;
  readonly externalId: string | null;
}

/** One step of a change of a group; steps happen in order, all or none of them. Members are ids of users. */
export type GroupStep =
  | { readonly t: 'rename'; readonly name: string }
  | { readonly t: 'externalId'; readonly externalId: string | null }
  | { readonly t: 'add'; readonly members: readonly string[] }
  /** Who is no member, or nobody, is passed over. */
  | { readonly t: 'remove'; readonly members: readonly string[] }
  /** The members are exactly these. */
  | { readonly t: 'members'; readonly members: readonly string[] };

export interface GroupMember {
  readonly id: string;
  readonly displayName: string;
}

/** What a principal has by the directory. */
export interface PersonAccess {
  /** As principals, sessions and devices spell it. */
  readonly user: string;
  readonly displayName: string;
  readonly groups: readonly string[];
  readonly ou: string | null;
  readonly active: boolean;
  /** The last login; `null` before the first. */
  readonly seenAt: number | null;
}

/** Who is touched by what was committed: people with a session or a device, and nobody else. */
export interface DirectoryChange {
  /** Names of people who have other groups or another unit now; their sessions in the store carry them already. */
  readonly users: readonly string[];
  /** Names of people who have no access any more. */
  readonly deactivated: readonly string[];
  /** Their sessions, which the store has ended. */
  readonly sessions: readonly string[];
}
