"""TOML configurations: composition with provenance, parameter schema, testbed.toml."""
