"""Results on a PostgreSQL server: several hosts write into one database."""
