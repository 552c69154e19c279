"""SQL for SQLite and PostgreSQL: column types, pages, bulk statements."""
