/**
 * The wire schema that belongs to `protocolVersion`, as the SHA-256 of the canonical text of
 * `nativeJsonSchema()`. A test compares; so no frame changes by accident.
 *
 * Whoever changes it on purpose decides: what old clients ignore by rule (NAT-4: new types, new members)
 * keeps the version, everything else raises it. The commit says which, and how both live side by side.
 */
export const pinnedSchema = {
  version: 1,
  sha256: "a9a17d7641ec447a1c7e105c62194e55aad0ab9c48924a6552644f9c80947690",
} as const;
