/**
 * The wire schema that belongs to `protocolVersion`, as the SHA-256 of the canonical text of
 * `nativeJsonSchema()`. A test compares; so no frame changes by accident.
 *
 * Whoever changes it on purpose decides: what old clients ignore by rule (NAT-4: new types, new members)
 * keeps the version, everything else raises it. The commit says which, and how both live side by side.
 */
export const pinnedSchema = {
  version: 1,
  sha256: "c96f5bfe827943093453370074eabaae86983ca36a2028c84bec0c4de14b8d00",
} as const;
