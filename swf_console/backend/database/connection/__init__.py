"""Opening a database: addresses, transactions, driver errors, group commits, versions."""
