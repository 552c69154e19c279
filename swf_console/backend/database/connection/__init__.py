"""A database as it is opened: addresses, transactions, driver errors, group commits, versions."""
