import type { Generated } from 'kysely';

/**
 * People and groups. `seq` is the row's number and the ground of the id that others see (`u17`, `g4`); it is never
 * given twice. A column `*_key` is the text as it is compared: normalised, lower case.
 */
export interface DirectoryTables {
  /** `provisioned_at`: since when this identity provider keeps its people here by SCIM; before that they come by login. */
  directory_idp: { idp: string; provisioned_at: number | null };
  directory_user: {
    seq: Generated<number>;
    idp: string;
    user_name: string;
    user_key: string;
    external_id: string | null;
    display_name: string;
    display_key: string;
    active: number;
    ou: string | null;
    source: 'scim' | 'saml' | 'local';
    /** The SCIM attributes that are no columns, JSON. */
    body: string;
    /** What the assertion of the last login said, JSON list. */
    login_groups: string;
    seen_at: number | null;
    version: number;
    created_at: number;
    updated_at: number;
  };
  /** The attributes in `body` that a filter can ask for; of a multi-valued one a row for each value. */
  directory_value: {
    user_seq: number;
    /** Lower case, as `emails` or `name.familyname`. */
    path: string;
    /** `type` of a multi-valued attribute's value, lower case. */
    kind: string | null;
    main: number;
    value_key: string;
  };
  directory_group: {
    seq: Generated<number>;
    idp: string;
    name: string;
    name_key: string;
    external_id: string | null;
    source: Generated<'scim' | 'local'>;
    version: number;
    created_at: number;
    updated_at: number;
  };
  directory_member: { group_seq: number; user_seq: number };
  /** Bearer tokens with which an identity provider provisions; the hash is what `hashToken` makes of one. */
  scim_token: { hash: string; idp: string; label: string; created_at: number; expires_at: number | null };
}
