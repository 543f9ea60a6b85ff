/**
 * The wire schema that belongs to `protocolVersion`, as the SHA-256 of the canonical text of
 * `nativeJsonSchema()`. A test compares; so no frame changes by accident.
 *
 * Whoever changes it on purpose decides: what old clients ignore by rule (NAT-4: new types, new members)
 * keeps the version, everything else raises it. The commit says which, and how both live side by side.
 */
export const pinnedSchema = {
  version: 1,
  sha256: "472ec981a4fc1b6764f11e9ba76436cd10253f9ed5440bf8af42b6de0f0a48a8",
} as const;
