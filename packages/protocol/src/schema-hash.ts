/**
 * The wire schema that belongs to `protocolVersion`, as the SHA-256 of the canonical text of
 * `nativeJsonSchema()`. A test compares; so no frame changes by accident.
 *
 * Whoever changes it on purpose decides: what old clients ignore by rule (NAT-4: new types, new members)
 * keeps the version, everything else raises it. The commit says which, and how both live side by side.
 */
export const pinnedSchema = {
  version: 1,
  sha256: "38d8aaeaea900742a7dc8b42f80880381066d3e3f44e758f437300560a5e9a3c",
  sha256: "0e6f20b8a97d5438892282c23f6f74a7d18e051c75c957ccb62053d882f5a121",
} as const;
