"""Message selectors: the part of SQL 92 that JMS defines, compiled to closures."""
