/** Tables of what is sealed. */
export interface SealingTables {
  secret: {
    name: string;
    /** AES-256-GCM under the data key, see `sealing/sealed-box.ts`; plain only before `data_key` says otherwise. */
    value: string;
    /** Of a store that was never opened by a version that seals `null`. */
    data_key: string | null;
  };
  /** What seals the secrets: one, but for the moment of a rotation. */
  data_key: { id: string; created_at: number };
  /** A data key as one master key wraps it; two while the master key is changed. */
  data_key_wrap: { data_key: string; master_key: string; wrapped: string; created_at: number };
}
