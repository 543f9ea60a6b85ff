/**
 * The wire schema that belongs to `protocolVersion`, as the SHA-256 of the canonical text of
 * `nativeJsonSchema()`. A test compares; so no frame changes by accident.
 *
 * Whoever changes it on purpose decides: what old clients ignore by rule (NAT-4: new types, new members)
 * keeps the version, everything else raises it. The commit says which, and how both live side by side.
 */
export const pinnedSchema = {
  version: 1,
  sha256: "759a113c800b06d2825987b8162b565600c7c6c34b20d2e4eed37a2ce84572c1",
} as const;
