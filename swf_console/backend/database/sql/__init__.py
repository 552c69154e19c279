"""How queries are spelled for SQLite and PostgreSQL: column types, pages, bulk statements."""
