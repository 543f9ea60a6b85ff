/**
 * The wire schema that belongs to `protocolVersion`, as the SHA-256 of the canonical text of
 * `nativeJsonSchema()`. A test compares; so no frame changes by accident.
 *
 * Whoever changes it on purpose decides: what old clients ignore by rule (NAT-4: new types, new members)
 * keeps the version, everything else raises it. The commit says which, and how both live side by side.
 */
export const pinnedSchema = {
  version: 1,
  sha256: "dde6e7bf74146c4b79217ba6a96bc3d58b771b3ebd423ad3f0e42d823dc7249d",
} as const;
